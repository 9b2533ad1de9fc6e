"""The Idempotency-Key of one thing that a person asked for: kept while they try again, new when they ask for another."""

from uuid import uuid4

from msgspec import Struct


class OperationKey:
    """One a form. A retry of the same request after a lost answer must not book, or refund, twice."""

    def __init__(self) -> None:
        self._request: Struct | None = None
        self._key = ""

    def for_request(self, request: Struct) -> str:
        """The same key for an equal request, a new one for another."""
        if request != self._request:
            self._request, self._key = request, str(uuid4())
        return self._key

    def finish(self) -> None:
        """The operation has succeeded: an equal request is now a new wish."""
        self._request = None
