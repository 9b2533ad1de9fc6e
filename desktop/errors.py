"""What can go wrong with a request, as types that a view can tell apart. No Qt, no network.

Each error carries a sentence for a person and the next step; views show these and branch on the type or
on `problem.code`, never on the text.
"""

from shared.schemas.problems import Problem


class ApiError(Exception):
    """Parent of the five; `sentence` says what happened, `next_step` what to do about it."""

    def __init__(self, sentence: str, next_step: str = "", problem: Problem | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.next_step = next_step
        self.problem = problem

    @property
    def code(self) -> str:
        """The problem's stable code, or "" when the server said nothing."""
        return self.problem.code if self.problem else ""

    @property
    def by_field(self) -> dict[str, str]:
        """Messages of the fields that were refused, by field name."""
        return {item.field: item.message for item in self.problem.fields} if self.problem else {}


class Offline(ApiError):
    """The server could not be reached or did not answer in time. Whether a write took place is not known."""

    def __init__(self, server: str) -> None:
        super().__init__(f"No answer from {server}.", "Check the network connection, then try again.")


class AuthExpired(ApiError):
    """The session is unknown to the server: expired, or signed out elsewhere."""

    def __init__(self, problem: Problem | None = None) -> None:
        super().__init__("Your session has ended.", "Sign in again. What is on screen stays where it is.", problem)


class _Refused(ApiError):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail or problem.title, problem.next_step, problem)
        self.problem: Problem = problem


class Conflict(_Refused):
    """The world has moved on since the screen was read: slot taken, wrong state. The problem may hold alternatives."""


class Invalid(_Refused):
    """The request was refused as it stands: a field, a permission, a limit."""


class Unexpected(ApiError):
    """The server failed, or its answer could not be read."""
