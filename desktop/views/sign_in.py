"""Signing in: the server's address, e-mail and password. A failure keeps what was typed."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QWidget

from desktop.errors import ApiError, AuthExpired
from desktop.store import Store
from desktop.widgets.busy import BusyLine
from desktop.widgets.field import Field
from desktop.widgets.notice import Notice
from desktop.widgets.text import GRID, button, column, label, panel
from shared.schemas.session import StaffUser

CARD_WIDTH = 400


class SignInView(QWidget):
    """The store announces success; this view shows only its own form. `refused` when a sign-in has failed."""

    refused = Signal()

    def __init__(self, store: Store, server: str, email: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.server = QLineEdit(server)
        self.email = QLineEdit(email)
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.notice = Notice()
        self.enter = button("Sign in", "primary")
        self.enter.clicked.connect(self.submit)
        self._busy = BusyLine("Signing in")
        self.fields = [
            Field(
                "Server address",
                self.server,
                hint="Ask whoever runs Frontdesk for you, for example http://127.0.0.1:8100",
            ),
            Field("E-mail", self.email),
            Field("Password", self.password),
        ]
        for line in (self.server, self.email, self.password):
            line.returnPressed.connect(self.submit)

        card = panel()
        card.setFixedWidth(CARD_WIDTH)
        inside = column(spacing=GRID * 2, margin=GRID * 4)
        inside.addWidget(label("Frontdesk", size="title"))
        inside.addWidget(label("Sign in to see today's visits.", tone="muted"))
        inside.addWidget(self.notice)
        for field in self.fields:
            inside.addWidget(field)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.enter)
        inside.addWidget(self._busy)
        inside.addLayout(foot)
        card.setLayout(inside)
        layout = QGridLayout(self)
        layout.addWidget(card, 0, 0, Qt.AlignmentFlag.AlignCenter)
        self.focus()

    def focus(self) -> None:
        """Put the cursor where something is missing."""
        missing = [line for line in (self.server, self.email, self.password) if not line.text()]
        (missing[0] if missing else self.password).setFocus()

    def explain(self, reason: str) -> None:
        """Say why this view is shown again; an empty reason says nothing."""
        self.password.clear()
        if reason:
            self.notice.say("warning", reason)
        else:
            self.notice.clear()
        self.focus()

    def submit(self) -> None:
        """Sign in with what is typed, unless a field is empty or a sign-in is under way."""
        if self._busy.waiting:
            return
        for field, line in zip(self.fields, (self.server, self.email, self.password), strict=True):
            field.set_error("" if line.text().strip() else "Needed to sign in.")
        if any(field.error for field in self.fields):
            self.focus()
            return
        self._set_waiting(True)
        self._store.sign_in(
            self,
            self.server.text().strip().rstrip("/"),
            self.email.text().strip(),
            self.password.text(),
            self._on_signed_in,
            self._on_failed,
        )

    def _set_waiting(self, waiting: bool) -> None:
        for control in (self.server, self.email, self.password, self.enter):
            control.setEnabled(not waiting)
        if waiting:
            self.notice.clear()
            self._busy.begin()
        else:
            self._busy.end()

    def _on_signed_in(self, _: StaffUser) -> None:
        self._set_waiting(False)
        self.password.clear()
        self.notice.clear()

    def _on_failed(self, error: ApiError) -> None:
        self._set_waiting(False)
        sentence = error.sentence if not isinstance(error, AuthExpired) else "The server did not accept the sign-in."
        self.notice.say("danger", sentence, error.next_step)
        self.password.selectAll()
        self.password.setFocus()
        self.refused.emit()
