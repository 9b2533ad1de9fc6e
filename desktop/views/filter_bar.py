"""The filters of the list and the sales figures, in one row."""

from collections.abc import Callable
from datetime import date, timedelta

from PySide6.QtCore import QDate, QSignalBlocker, QTimer
from PySide6.QtWidgets import QDateEdit, QHBoxLayout, QLineEdit, QWidget

from desktop.filters import DAY_RANGES, USUAL_RANGE, AppointmentFilters
from desktop.formats import APPOINTMENT_MARKS, NO_PAYMENT, PAYMENT_MARKS
from desktop.store import Store
from desktop.widgets.choices import Choice
from desktop.widgets.text import GRID, button, label
from shared.schemas.organisation import Organisation

TYPING_MILLISECONDS = 250
OWN_DATES = "Choose dates"


class FilterBar(QWidget):
    """Writes `store.filters`. `today` answers with the calendar day of the clinic in question."""

    def __init__(self, store: Store, today: Callable[[], date], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._today = today
        self.search = QLineEdit(placeholderText="Name, e-mail, mobile or reference", clearButtonEnabled=True)
        self.search.setAccessibleName("Search appointments")
        self.search.setMinimumWidth(216)
        self.days = Choice("Days")
        self.first_day = _date_edit("First day")
        self.last_day = _date_edit("Last day")
        self._until = label("to", tone="muted")
        self.clinic = Choice("Clinic")
        self.service = Choice("Service")
        self.provider = Choice("Provider")
        self.status = Choice("Appointment status")
        self.payment = Choice("Payment status")
        self.clear = button("Clear", "quiet", "Clear all filters")
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MILLISECONDS)

        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.search, 2)
        for control in (self.days, self.first_day, self._until, self.last_day):
            layout.addWidget(control, 0 if control is self._until else 1)
        for control in (self.clinic, self.service, self.provider, self.status, self.payment):
            layout.addWidget(control, 1)
        layout.addWidget(self.clear)

        self._offer_fixed_choices()
        self.show_organisation(None)
        self.reset()
        self._typing.timeout.connect(self.apply)
        self.search.textChanged.connect(lambda _: self._typing.start())
        self.search.returnPressed.connect(self.apply)
        self.days.chosen.connect(self._on_days_chosen)
        for edit in (self.first_day, self.last_day):
            edit.dateChanged.connect(lambda _: self.apply())
        for choice in (self.clinic, self.service, self.provider, self.status, self.payment):
            choice.chosen.connect(self.apply)
        self.clear.clicked.connect(self.reset)

    def show_organisation(self, organisation: Organisation | None) -> None:
        """Offer the clinics, services and providers there are."""
        clinics = organisation.clinics if organisation else []
        services = organisation.services if organisation else []
        providers = organisation.providers if organisation else []
        self.clinic.offer([(None, "All clinics"), *((one.id, one.name) for one in clinics)])
        self.service.offer([(None, "All services"), *((one.id, one.name) for one in services)])
        self.provider.offer([(None, "All providers"), *((one.id, one.name) for one in providers)])

    def reset(self) -> None:
        """Back to the usual days and nothing else."""
        for control in (self.search, self.clinic, self.service, self.provider, self.status, self.payment, self.days):
            with QSignalBlocker(control):
                control.clear() if isinstance(control, QLineEdit) else control.choose(
                    USUAL_RANGE.name if control is self.days else None
                )
        self._show_own_dates(False)
        self.apply()

    def apply(self) -> None:
        """Tell the store what is chosen."""
        self._typing.stop()
        first, end = self._chosen_days()
        self._store.set_filters(
            AppointmentFilters(
                first_day=first,
                end_day=end,
                clinic_id=self.clinic.value,
                service_id=self.service.value,
                provider_id=self.provider.value,
                status=self.status.value,
                payment_status=self.payment.value,
                text=self.search.text().strip(),
                soonest_first=first is not None and first >= self._today(),
            )
        )

    def _offer_fixed_choices(self) -> None:
        self.days.offer([*((one.name, one.name) for one in DAY_RANGES), (OWN_DATES, f"{OWN_DATES}…")])
        self.status.offer(
            [
                (None, "Any status"),
                *((status.value, mark.word) for status, mark in APPOINTMENT_MARKS.items()),
                ("rescheduled", "Moved"),
            ]
        )
        self.payment.offer(
            [
                (None, "Any payment"),
                *((status.value, mark.word) for status, mark in PAYMENT_MARKS.items()),
                ("none", NO_PAYMENT.word),
            ]
        )

    def _chosen_days(self) -> tuple[date | None, date | None]:
        for named in DAY_RANGES:
            if named.name == self.days.value:
                return named.days(self._today())
        first, last = self.first_day.date(), self.last_day.date()
        return _python_day(min(first, last)), _python_day(max(first, last).addDays(1))

    def _on_days_chosen(self) -> None:
        own = self.days.value == OWN_DATES
        if own and self.first_day.isHidden():
            first = self._store.filters.first_day or self._today()
            end = self._store.filters.end_day or first + timedelta(days=1)
            for edit, day in ((self.first_day, first), (self.last_day, end - timedelta(days=1))):
                with QSignalBlocker(edit):
                    edit.setDate(QDate(day.year, day.month, day.day))
        self._show_own_dates(own)
        self.apply()

    def _show_own_dates(self, shown: bool) -> None:
        for control in (self.first_day, self._until, self.last_day):
            control.setVisible(shown)


def _date_edit(name: str) -> QDateEdit:
    made = QDateEdit()
    made.setCalendarPopup(True)
    made.setDisplayFormat("d MMM yyyy")
    made.setAccessibleName(name)
    return made


def _python_day(day: QDate) -> date:
    return date(day.year(), day.month(), day.day())
