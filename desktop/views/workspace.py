"""What a signed-in person works in: sales strip, filters, the list, and beside it the details or a phone booking."""

from datetime import date, datetime
from uuid import UUID

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from desktop.formats import zone
from desktop.store import Store
from desktop.theme import Theme
from desktop.views.appointments import AppointmentsView
from desktop.views.detail import DetailPane
from desktop.views.filter_bar import FilterBar
from desktop.views.phone_booking import PhoneBookingView
from desktop.views.sales import SalesView
from desktop.widgets.notice import Notice
from desktop.widgets.text import GRID, button, label
from shared.schemas.appointments import AppointmentDetail
from shared.schemas.enums import Verb

SIDE_WIDTH = 408


class Workspace(QWidget):
    """Lays out the views and lets them know of each other only through signals."""

    wanted = Signal(str)

    def __init__(self, store: Store, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.store = store
        self.sandbox = QFrame()
        self.stale = Notice()
        self.book = button("Book a caller in", "primary")
        self.sales = SalesView(store, theme, self.today)
        self.filters = FilterBar(store, self.today)
        self.appointments = AppointmentsView(store, theme)
        self.detail = DetailPane(store, theme)
        self.booking = PhoneBookingView(store, self.today)
        self._side = QStackedWidget()
        self._lay_out()
        self.book.clicked.connect(lambda: self.wanted.emit("book"))
        self.detail.wanted.connect(self.wanted)
        self.appointments.selected.connect(self._on_selected)
        self.appointments.booking_wanted.connect(lambda: self.wanted.emit("book"))
        self.appointments.clearing_wanted.connect(self.filters.reset)
        self.booking.booked.connect(self._on_booked)
        self.booking.closed.connect(self.show_details)

    def today(self) -> date:
        """Today in the chosen clinic's zone, or in the first clinic's when none is chosen."""
        organisation = self.store.organisation
        if organisation is None or not organisation.clinics:
            return datetime.now().astimezone().date()
        clinic_id = self.store.filters.clinic_id
        clinic = (self.store.clinic(clinic_id) if clinic_id else None) or organisation.clinics[0]
        return datetime.now(zone(clinic.time_zone)).date()

    def welcome(self) -> None:
        """Somebody has signed in: show what they may see."""
        organisation = self.store.organisation
        self.sandbox.setVisible(organisation is not None and organisation.environment == "sandbox")
        self.book.setVisible(self.store.may(Verb.BOOK_APPOINTMENT))
        self.filters.show_organisation(organisation)
        self.filters.reset()
        self.booking.reconnect()
        self.show_details()
        self.refresh()

    def forget(self) -> None:
        """Another person is about to sign in: nothing of the last one's patients stays."""
        self.appointments.forget()
        self.detail.show_appointment(None)
        self.booking.forget()

    def refresh(self) -> None:
        """Read everything on screen anew."""
        self.appointments.reload()
        self.sales.reload()
        self.detail.reload()

    def show_booking(self) -> None:
        self._side.setCurrentWidget(self.booking)
        self.booking.start()

    def show_details(self) -> None:
        self._side.setCurrentWidget(self.detail)

    def _lay_out(self) -> None:
        self.sandbox.setProperty("role", "sandbox")
        strip = QHBoxLayout(self.sandbox)
        strip.setContentsMargins(GRID * 2, 4, GRID * 2, 4)
        strip.addWidget(
            label("▲  Sandbox: no real money moves, and no message leaves this machine.", size="small", strong=True)
        )
        self.sandbox.hide()
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setHandleWidth(GRID)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.appointments)
        self._side.addWidget(self.detail)
        self._side.addWidget(self.booking)
        self._side.setMinimumWidth(400)
        splitter.addWidget(self._side)
        splitter.setStretchFactor(0, 1)
        splitter.setSizes([1440 - SIDE_WIDTH, SIDE_WIDTH])
        tools = QHBoxLayout()
        tools.setSpacing(GRID)
        tools.addWidget(self.filters, 1)
        tools.addWidget(self.book)
        body = QVBoxLayout()
        body.setContentsMargins(GRID * 2, GRID * 3 // 2, GRID * 2, GRID * 3 // 2)
        body.setSpacing(GRID * 3 // 2)
        for part in (self.stale, self.sales):
            body.addWidget(part)
        body.addLayout(tools)
        body.addWidget(splitter, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.sandbox)
        layout.addLayout(body, 1)

    def _on_selected(self, appointment_id: UUID | None) -> None:
        self.detail.show_appointment(appointment_id)
        if appointment_id is not None:
            self.show_details()

    def _on_booked(self, detail: AppointmentDetail) -> None:
        self.show_details()
        self.detail.show_detail(detail)
        self.appointments.follow(detail.row.id)
        self.detail.notice.say("success", f"Booked: {detail.row.reference}", "Read the reference out to the caller.")
