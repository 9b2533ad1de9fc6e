"""What a person can do, declared once as data: id, text, key, menu, and when it makes sense.

Menus, shortcuts and the cheat sheet are made from this list; what an action does is given by the window.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenuBar

from shared.schemas.enums import AppointmentStatus, Verb


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What decides whether an action makes sense now."""

    signed_in: bool = False
    may: frozenset[Verb] = field(default_factory=frozenset)
    status: AppointmentStatus | None = None
    refundable_minor: int = 0

    @property
    def cancelable(self) -> bool:
        """The selected visit lies ahead; the server has the last word."""
        return self.status in {AppointmentStatus.DRAFT, AppointmentStatus.PENDING_PAYMENT, AppointmentStatus.CONFIRMED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    id: str
    text: str
    key: str
    menu: str
    enabled_when: Callable[[Situation], bool] = lambda now: now.signed_in


ACTIONS = (
    Action(
        id="book",
        text="&Book a caller in",
        key="Ctrl+N",
        menu="&Appointments",
        enabled_when=lambda now: Verb.BOOK_APPOINTMENT in now.may,
    ),
    Action(id="search", text="&Search", key="Ctrl+F", menu="&Appointments"),
    Action(id="refresh", text="&Read everything anew", key="F5", menu="&Appointments"),
    Action(
        id="cancel",
        text="&Cancel the visit…",
        key="Ctrl+Backspace",
        menu="&Appointments",
        enabled_when=lambda now: now.cancelable and Verb.CANCEL_APPOINTMENT in now.may,
    ),
    Action(
        id="refund",
        text="Re&fund…",
        key="Ctrl+R",
        menu="&Appointments",
        enabled_when=lambda now: now.refundable_minor > 0 and Verb.REFUND_PAYMENT in now.may,
    ),
    Action(
        id="resend",
        text="Send &messages again…",
        key="Ctrl+M",
        menu="&Appointments",
        enabled_when=lambda now: now.status is AppointmentStatus.CONFIRMED and Verb.SEND_MESSAGE in now.may,
    ),
    Action(
        id="export",
        text="&Export the list…",
        key="Ctrl+E",
        menu="&Appointments",
        enabled_when=lambda now: Verb.EXPORT_DATA in now.may,
    ),
    Action(id="list", text="Go to the &list", key="Ctrl+L", menu="&View"),
    Action(id="detail", text="Go to the &details", key="Ctrl+D", menu="&View"),
    Action(id="chart", text="Sales by &day", key="Ctrl+Y", menu="&View"),
    Action(id="theme", text="Light or &dark", key="Ctrl+T", menu="&View", enabled_when=lambda _: True),
    Action(id="shortcuts", text="&Keyboard shortcuts", key="F1", menu="&Help", enabled_when=lambda _: True),
    Action(id="sign_out", text="Sign &out", key="Ctrl+Shift+Q", menu="&Session"),
    Action(id="quit", text="&Quit", key="Ctrl+Q", menu="&Session", enabled_when=lambda _: True),
)


class ActionSet(QObject):
    """The declared actions as QActions of one window."""

    def __init__(self, handlers: Mapping[str, Callable[[], object]], parent: QObject) -> None:
        """`handlers` has one entry an action; a missing or unknown id raises KeyError."""
        super().__init__(parent)
        unknown = handlers.keys() - {action.id for action in ACTIONS}
        if unknown:
            raise KeyError(f"no such action: {', '.join(sorted(unknown))}")
        self._made: dict[str, QAction] = {}
        for action in ACTIONS:
            made = QAction(action.text, self)
            made.setShortcut(QKeySequence(action.key))
            handler = handlers[action.id]
            made.triggered.connect(lambda _checked=False, handler=handler: handler())
            self._made[action.id] = made

    def __getitem__(self, action_id: str) -> QAction:
        return self._made[action_id]

    def fill(self, bar: QMenuBar) -> None:
        """Put every action into its menu, in the order of the list."""
        menus = {title: bar.addMenu(title) for title in ("&Session", "&Appointments", "&View", "&Help")}
        for action in ACTIONS:
            menus[action.menu].addAction(self._made[action.id])

    def consider(self, now: Situation) -> None:
        """Enable what makes sense now."""
        for action in ACTIONS:
            self._made[action.id].setEnabled(action.enabled_when(now))
