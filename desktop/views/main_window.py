"""The window: sign-in or workspace, menus from the declared actions, and a status bar that tells how live it is."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QStackedWidget

from desktop.actions import ActionSet, Situation
from desktop.errors import ApiError
from desktop.formats import ROLES, Mark, Shape, age
from desktop.store import Store
from desktop.theme import Theme
from desktop.views.dialogs import ShortcutsDialog, open_dialog
from desktop.views.sign_in import SignInView
from desktop.views.workspace import Workspace
from desktop.widgets.marks import MarkLabel
from desktop.widgets.text import GRID, label
from shared.schemas.appointments import AppointmentDetail
from shared.schemas.session import StaffUser

STREAM_MARKS = {
    "connecting": Mark(Shape.HALF, "warning", "Connecting"),
    "live": Mark(Shape.DISC, "success", "Live"),
    "stale": Mark(Shape.ALERT, "warning", "Not live"),
}
SIGNED_OUT_MARK = Mark(Shape.RING, "text_muted", "Signed out")
# Shorter interruptions mend themselves before anybody has read a warning about them.
TELL_STALE_SECONDS = 5


class MainWindow(QMainWindow):
    """`settings` remembers the server, the theme and the window's place; never a token or a password."""

    def __init__(self, store: Store, theme: Theme, settings: QSettings, server: str, email: str = "") -> None:
        super().__init__()
        self.store = store
        self._theme = theme
        self.settings = settings
        self._last_user: StaffUser | None = None
        self.setWindowTitle("Frontdesk")
        self.sign_in = SignInView(store, server, email)
        self.workspace = Workspace(store, theme)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.sign_in)
        self._pages.addWidget(self.workspace)
        self.setCentralWidget(self._pages)
        self.action_set = ActionSet(self._handlers(), self)
        self.action_set.fill(self.menuBar())
        self.stream = MarkLabel(theme.colour)
        self.who = label(size="small", tone="muted")
        self._fill_status_bar()
        self._ticking = QTimer(self, interval=1000)
        self._ticking.timeout.connect(self._show_stream)

        self.workspace.wanted.connect(lambda wish: self.action_set[wish].trigger())
        self.workspace.detail.shown.connect(self._consider)
        theme.changed.connect(self.stream.recolour)
        store.signed_in.connect(self._on_signed_in)
        store.signed_out.connect(self._on_signed_out)
        store.stream_changed.connect(self._on_stream_changed)
        self._restore()
        self._consider(None)
        self._show_stream()

    def _handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "book": self._book,
            "search": self.workspace.filters.search.setFocus,
            "refresh": self.workspace.refresh,
            "cancel": lambda: self._open("cancel"),
            "refund": lambda: self._open("refund"),
            "resend": lambda: self._open("resend"),
            "export": self._choose_export,
            "list": self.workspace.appointments.table.setFocus,
            "detail": self.workspace.detail.setFocus,
            "chart": self.workspace.sales.open_chart.click,
            "theme": self._toggle_theme,
            "shortcuts": lambda: ShortcutsDialog(self).open(),
            "sign_out": self.store.sign_out,
            "quit": self.close,
        }

    # Session

    def _on_signed_in(self, user: StaffUser) -> None:
        if self._last_user is not None and self._last_user.id != user.id:
            self.workspace.forget()
        self._last_user = user
        self.settings.setValue("server", self.store.server)
        self.who.setText(f"{user.name}, {ROLES[user.role].lower()}, on {self.store.server}")
        # Prepared while hidden: each view reads once, when it is shown.
        self.workspace.welcome()
        self._pages.setCurrentWidget(self.workspace)
        self.workspace.appointments.table.setFocus()
        self._ticking.start()
        self._consider(self.workspace.detail.detail)
        self._show_stream()

    def _on_signed_out(self, reason: str) -> None:
        if not reason:
            self.workspace.forget()
        self._ticking.stop()
        self.who.clear()
        self.workspace.stale.clear()
        self.sign_in.explain(reason)
        self._pages.setCurrentWidget(self.sign_in)
        self._consider(None)
        self._show_stream()

    # What can be done

    def _consider(self, detail: AppointmentDetail | None) -> None:
        user = self.store.user
        now = Situation(
            signed_in=user is not None,
            may=frozenset(user.may) if user else frozenset(),
            status=detail.row.status if detail and user else None,
            refundable_minor=detail.refundable_minor if detail and user else 0,
        )
        self.action_set.consider(now)
        self.workspace.detail.allow(
            **{wish: self.action_set[wish].isEnabled() for wish in ("cancel", "refund", "resend")}
        )

    def _book(self) -> None:
        self.workspace.show_booking()

    def _open(self, name: str) -> None:
        detail = self.workspace.detail.detail
        if detail is not None:
            open_dialog(name, self.store, detail, self)

    def _choose_export(self) -> None:
        dialog = QFileDialog(self, "Export the list", "appointments.csv", "CSV (*.csv)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(lambda name: self.export(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export(self, target: Path) -> None:
        """Write what the filters let through into a CSV file, in the background."""
        filters = self.store.filters
        self.statusBar().showMessage(f"Exporting to {target}…")
        self.store.read(
            self,
            "export",
            lambda api: api.export_appointments(filters, target),
            self._on_exported,
            self._on_export_failed,
        )

    def _on_exported(self, target: Path) -> None:
        self.statusBar().showMessage(f"Exported to {target}", 10_000)

    def _on_export_failed(self, error: ApiError) -> None:
        self.statusBar().clearMessage()
        self.workspace.appointments.notice.say("danger", f"Not exported. {error.sentence}", error.next_step)

    def _toggle_theme(self) -> None:
        self._theme.toggle()
        self.settings.setValue("theme", self._theme.name)

    # Status bar

    def _fill_status_bar(self) -> None:
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.setContentsMargins(GRID * 2, 0, GRID * 2, 0)
        bar.addWidget(self.stream)
        bar.addPermanentWidget(self.who)

    def _on_stream_changed(self, _: object) -> None:
        # A method, not a lambda: Qt disconnects it when this window goes, and the store lives longer.
        self._show_stream()

    def _show_stream(self) -> None:
        status = self.store.stream_status
        if self.store.user is None or status is None:
            self.stream.show_mark(SIGNED_OUT_MARK if self.store.user is None else STREAM_MARKS["connecting"])
            return
        seconds = (datetime.now(UTC) - status.since).total_seconds()
        mark = STREAM_MARKS[status.state]
        since = age(seconds)
        word = {
            "live": f"Live for {since}" if since != "now" else "Live",
            "stale": f"Not live for {since}: {status.why}",
        }
        self.stream.show_mark(mark, word.get(status.state, mark.word))
        if status.state == "stale" and seconds >= TELL_STALE_SECONDS:
            self.workspace.stale.say(
                "warning",
                f"What is on screen may be out of date: no live updates for {since}.",
                f"{status.why} The console keeps trying by itself.",
            )
        elif status.state == "live":
            self.workspace.stale.clear()

    # The window itself

    def _restore(self) -> None:
        self.resize(1440, 900)
        geometry = self.settings.value("geometry")
        if geometry is not None:
            self.restoreGeometry(geometry)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self.settings.setValue("geometry", self.saveGeometry())
        super().closeEvent(event)
