"""When and with whom: clinic, service, provider or any, day, and the open times of that day as buttons."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import UUID

from PySide6.QtCore import QDate, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QDateEdit, QVBoxLayout, QWidget

from desktop.errors import ApiError
from desktop.formats import clock_time, long_day, short_day, zone, zone_label
from desktop.store import Kind, Store
from desktop.widgets.choices import Choice, ChoiceGrid, GridChoice
from desktop.widgets.field import Field
from desktop.widgets.text import GRID, button, label, set_property, side_by_side
from shared.schemas.booking import ClinicProfile, ServiceCard, Slot, SlotList

COLUMNS = 5


class SlotPicker(QWidget):
    """`picked` when the chosen time, or its price, may have changed; `failed(error)` when it could not be read."""

    picked = Signal()
    failed = Signal(object)

    def __init__(self, store: Store, today: Callable[[], date], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._slots: list[Slot] = []
        self.profile: ClinicProfile | None = None
        self.clinic = Choice("Clinic")
        self.service = Choice("Service")
        self.provider = Choice("Provider")
        self.day = QDateEdit()
        self.day.setCalendarPopup(True)
        self.day.setDisplayFormat("ddd d MMM yyyy")
        self._set_day(today())
        self.times = ChoiceGrid(COLUMNS)
        self.note = label(tone="muted", wraps=True)
        self.next_day = button("Look at the next day", "quiet")
        self.next_day.hide()
        self.fields = {
            "clinic": Field("Clinic", self.clinic),
            "service_id": Field("Service", self.service),
            "provider_id": Field("Provider", self.provider),
            "day": Field("Day", self.day),
        }
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID * 3 // 2)
        layout.addWidget(self.fields["clinic"])
        layout.addWidget(self.fields["service_id"])
        layout.addLayout(side_by_side(self.fields["provider_id"], self.fields["day"]))
        layout.addWidget(self.note)
        layout.addWidget(self.times)
        layout.addWidget(self.next_day, 0, Qt.AlignmentFlag.AlignLeft)
        self.clinic.chosen.connect(self.read_profile)
        self.service.chosen.connect(self._on_service_chosen)
        self.provider.chosen.connect(self.read_slots)
        self.day.dateChanged.connect(lambda _: self.read_slots())
        self.times.picked.connect(lambda _: self._on_picked())
        self.next_day.clicked.connect(lambda: self.day.setDate(self.day.date().addDays(1)))
        store.changed.connect(self._on_changed)

    def start(self) -> None:
        """Offer the clinics, and read what the chosen one has to offer."""
        organisation = self._store.organisation
        self.clinic.offer([(one.slug, one.name) for one in organisation.clinics] if organisation else [])
        if self.profile is None:
            self.read_profile()
        else:
            self.read_slots()

    def forget(self) -> None:
        """Another session: what was offered is not to be trusted."""
        self.profile = None
        self.clear_choice()

    def clear_choice(self) -> None:
        """No time is chosen any more."""
        self.times.offer([])
        self.picked.emit()

    @property
    def slot(self) -> Slot | None:
        """The chosen time, or None."""
        start = self.times.key
        return next((slot for slot in self._slots if slot.start == start), None)

    def complain(self, message: str) -> None:
        """Say beside the times what is wrong with the choice."""
        set_property(self.note, "tone", "danger")
        self.note.setText(message)

    def take(self, slot: Slot) -> None:
        """Choose an alternative that the server has offered, on whatever day it is."""
        if self.profile is None:
            return
        if self.provider.value is not None:
            self.provider.choose(slot.provider_id)
        self._slots = [slot]
        self.times.offer([self._choice(slot, self.profile.time_zone)], keep=slot.start)
        # The day's full list follows and keeps the chosen time pressed.
        self._set_day(slot.start.astimezone(zone(self.profile.time_zone)).date())
        self.read_slots()
        self.picked.emit()

    def read_profile(self) -> None:
        self.profile = None
        slug = self.clinic.value
        if slug:
            self._store.clinic_profile(self, slug, self._show_profile, self.failed.emit)

    def read_slots(self) -> None:
        """Read the open times of the chosen day anew."""
        service = self._service()
        if service is None or self.profile is None:
            return
        slug, service_id, provider_id, day = self.profile.slug, service.id, self.provider.value, self._day()
        self._store.read(
            self,
            "slots",
            lambda api: api.open_slots(slug, service_id, provider_id, day, day + timedelta(days=1)),
            self._show_slots,
            self._on_slots_failed,
        )

    def _show_profile(self, profile: ClinicProfile) -> None:
        self.profile = profile
        self.service.offer([(one.id, f"{one.name}, {one.duration_minutes} min") for one in profile.services])
        self._on_service_chosen()

    def _on_service_chosen(self) -> None:
        service = self._service()
        if service is None or self.profile is None:
            return
        offered = [one for one in self.profile.providers if one.id in service.provider_ids]
        self.provider.offer([(None, "Any provider"), *((one.id, one.name) for one in offered)])
        self.read_slots()

    def _show_slots(self, answer: SlotList) -> None:
        before = self.times.key
        # With any provider, one button a start time: which provider it will be is the server's choice.
        first_of: dict[datetime, Slot] = {}
        for slot in answer.slots:
            first_of.setdefault(slot.start, slot)
        self._slots = list(first_of.values())
        self.times.offer([self._choice(slot, answer.time_zone) for slot in self._slots], keep=before)
        self.next_day.setVisible(not self._slots)
        set_property(self.note, "tone", "muted")
        day = long_day(self._day())
        if self._slots:
            self.note.setText(f"Open on {day}, clinic time ({zone_label(self._slots[0].start, answer.time_zone)})")
        else:
            self.note.setText(f"Nothing is open on {day}. Try another day or another provider.")
        if before is not None and self.times.key is None:
            self.complain("The chosen time is no longer open. Choose another one.")
        self.picked.emit()

    def _on_slots_failed(self, error: ApiError) -> None:
        self._slots = []
        self.clear_choice()
        self.failed.emit(error)

    def _on_picked(self) -> None:
        set_property(self.note, "tone", "muted")
        self.picked.emit()

    def _on_changed(self, kinds: frozenset[Kind], _: frozenset[UUID]) -> None:
        if Kind.APPOINTMENTS in kinds and self.isVisible():
            self.read_slots()

    def _choice(self, slot: Slot, zone_name: str) -> GridChoice:
        time = clock_time(slot.start, zone_name)
        return GridChoice(slot.start, time, f"{time} on {short_day(slot.start.astimezone(zone(zone_name)).date())}")

    def _service(self) -> ServiceCard | None:
        services = self.profile.services if self.profile else []
        return next((one for one in services if one.id == self.service.value), None)

    def _day(self) -> date:
        day = self.day.date()
        return date(day.year(), day.month(), day.day())

    def _set_day(self, day: date) -> None:
        with QSignalBlocker(self.day):
            self.day.setDate(QDate(day.year, day.month, day.day))
