"""Booking a caller in: a time, who it is, consent, payment.

Beside the list, not over it, so that the desk can look things up while the caller is on the line. What was
typed stays when something goes wrong.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop.errors import ApiError, Conflict, Offline
from desktop.formats import clock_time, money, short_day, zone
from desktop.operation_key import OperationKey
from desktop.store import Kind, Store
from desktop.views.slot_picker import SlotPicker
from desktop.widgets.busy import BusyLine
from desktop.widgets.choices import ChoiceGrid, GridChoice
from desktop.widgets.field import Field
from desktop.widgets.notice import Notice
from desktop.widgets.text import GRID, button, column, label, panel, rule, side_by_side
from shared.schemas.appointments import AppointmentDetail, PhoneBookingRequest
from shared.schemas.booking import Slot
from shared.schemas.enums import PhonePayment


class PhoneBookingView(QWidget):
    """`booked(detail)` when the server has booked; `closed` when the desk is done."""

    booked = Signal(object)
    closed = Signal()

    def __init__(self, store: Store, today: Callable[[], date], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._key = OperationKey()
        self.picker = SlotPicker(store, today)
        self.first_name = QLineEdit(maxLength=100)
        self.last_name = QLineEdit(maxLength=100)
        self.mobile = QLineEdit(maxLength=32)
        self.email = QLineEdit(maxLength=254)
        self.note = QPlainTextEdit()
        self.consent = QCheckBox("The caller agreed to text messages")
        self.at_clinic = QRadioButton("Pays at the clinic")
        self.pay_link = QRadioButton("Gets a link to pay")
        self.notice = Notice()
        self.alternatives = ChoiceGrid(3)
        self.price = label(strong=True)
        self.leave = button("Close", name="Close phone booking")
        self.book = button("Book", "primary")
        self._busy = BusyLine("Booking")
        self.fields = {
            "first_name": Field("First name", self.first_name),
            "last_name": Field("Last name", self.last_name),
            "mobile": Field("Mobile", self.mobile),
            "email": Field("E-mail (optional)", self.email),
            "note": Field("Note (optional)", self.note),
        }
        self._prepare()
        self._lay_out()
        self.picker.picked.connect(self._show_price)
        self.picker.failed.connect(self._on_read_failed)
        self.alternatives.picked.connect(self._on_alternative_picked)
        self.book.clicked.connect(self.submit)
        self.leave.clicked.connect(self.closed)
        self.notice.acted.connect(self._on_retry)

    def start(self) -> None:
        """Show what is open now; what was typed before stays."""
        self.picker.start()
        self.picker.service.setFocus()

    def forget(self) -> None:
        """Empty the form: another caller, or another person at the desk."""
        self.alternatives.offer([])
        self.notice.clear()
        for line in (self.first_name, self.last_name, self.mobile, self.email):
            line.clear()
        self.note.clear()
        self.consent.setChecked(False)
        self.at_clinic.setChecked(True)
        self.picker.clear_choice()
        self._key.finish()
        self._clear_errors()

    def reconnect(self) -> None:
        """Another session or server."""
        self.picker.forget()

    def _prepare(self) -> None:
        self.note.setTabChangesFocus(True)
        self.note.setFixedHeight(48)
        self.at_clinic.setChecked(True)
        payment = QButtonGroup(self)
        for radio in (self.at_clinic, self.pay_link):
            payment.addButton(radio)
        for control in (self.consent, self.at_clinic, self.pay_link):
            control.setAccessibleName(control.text())

    def _lay_out(self) -> None:
        page = QWidget()
        page.setProperty("role", "page")
        body = column(spacing=GRID * 3 // 2, margin=GRID * 2)
        body.addWidget(label("Book a caller in", size="title"))
        body.addWidget(self.picker)
        body.addWidget(rule())
        body.addLayout(side_by_side(self.fields["first_name"], self.fields["last_name"]))
        body.addLayout(side_by_side(self.fields["mobile"], self.fields["email"]))
        body.addWidget(self.fields["note"])
        body.addWidget(self.consent)
        body.addLayout(side_by_side(self.at_clinic, self.pay_link))
        body.addStretch(1)
        page.setLayout(body)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(page)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addWidget(self.price, 1)
        buttons.addWidget(self.leave)
        buttons.addWidget(self.book)
        feet = column(spacing=GRID, margin=GRID * 2)
        feet.setContentsMargins(GRID * 2, GRID, GRID * 2, GRID * 3 // 2)
        for part in (self._busy, self.notice, self.alternatives):
            feet.addWidget(part)
        feet.addLayout(buttons)
        frame = panel()
        inside = column(spacing=0, margin=1)
        inside.addWidget(scroll, 1)
        inside.addWidget(rule())
        inside.addLayout(feet)
        frame.setLayout(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(frame)

    def _show_price(self) -> None:
        profile, slot = self.picker.profile, self.picker.slot
        if profile is None or slot is None:
            self.price.setText("")
            return
        day = slot.start.astimezone(zone(profile.time_zone)).date()
        price = money(slot.price_minor, profile.currency_exponent, profile.currency)
        self.price.setText(f"{short_day(day)}, {clock_time(slot.start, profile.time_zone)}: {price}")

    def _on_read_failed(self, error: ApiError) -> None:
        self.notice.say("danger", error.sentence, error.next_step, "Try again")

    def _on_retry(self) -> None:
        self.notice.clear()
        self.picker.start()

    # Booking

    def submit(self) -> None:
        """Book what is on screen, unless something is missing or a booking is under way."""
        if self._busy.waiting:
            return
        self.notice.clear()
        self.alternatives.offer([])
        request = self._request()
        if request is None:
            return
        key = self._key.for_request(request)
        self.book.setEnabled(False)
        self._busy.begin()
        self._store.operate(
            self,
            "book",
            lambda api: api.book_by_phone(request, key),
            (Kind.APPOINTMENTS, Kind.MONEY, Kind.MESSAGES),
            (),
            self._on_booked,
            self._on_failed,
        )

    def _request(self) -> PhoneBookingRequest | None:
        """The request, or None after the errors have been put beside their causes."""
        self._clear_errors()
        profile, slot = self.picker.profile, self.picker.slot
        if slot is None:
            self.picker.complain("Choose one of the open times.")
        needed = (
            ("first_name", "The first name", self.first_name),
            ("last_name", "The last name", self.last_name),
            ("mobile", "A mobile number", self.mobile),
        )
        missing = {name: f"{what} is needed." for name, what, line in needed if not line.text().strip()}
        self._show_errors(missing)
        if missing or slot is None or profile is None:
            return None
        try:
            return msgspec.convert(
                {
                    "clinic": profile.slug,
                    "service_id": self.picker.service.value,
                    "provider_id": self.picker.provider.value,
                    "start": slot.start,
                    "first_name": self.first_name.text().strip(),
                    "last_name": self.last_name.text().strip(),
                    "email": self.email.text().strip() or None,
                    "mobile": self.mobile.text().strip(),
                    "sms_consent": self.consent.isChecked(),
                    "note": self.note.toPlainText().strip() or None,
                    "payment": PhonePayment.PAY_LINK if self.pay_link.isChecked() else PhonePayment.AT_CLINIC,
                },
                PhoneBookingRequest,
            )
        except msgspec.ValidationError as error:
            # Lengths and control characters; msgspec names the field at the end: "… - at `$.email`".
            name = str(error).rpartition("$.")[2].rstrip("`")
            self._show_errors({name: "Too short, too long, or with hidden characters."})
            return None

    def _on_booked(self, detail: AppointmentDetail) -> None:
        self._settle()
        self.forget()
        self.booked.emit(detail)

    def _on_failed(self, error: ApiError) -> None:
        self._settle()
        placed = self._show_errors(error.by_field)
        if isinstance(error, Conflict):
            self._on_conflict(error)
        elif isinstance(error, Offline):
            self.notice.say("danger", error.sentence, "Press Book again: the caller is booked only once.")
        elif placed:
            self.notice.say("danger", "Not booked yet.", "See the marked fields above.")
        else:
            self.notice.say("danger", error.sentence, error.next_step)

    def _on_conflict(self, error: Conflict) -> None:
        slots = msgspec.convert(error.problem.alternatives, list[Slot])
        self._offer_alternatives(slots)
        offer = "These times are open: choose one, then book." if slots else "Choose another time."
        self.notice.say("warning", error.sentence, offer)
        self.alternatives.focus_first()
        self.picker.read_slots()

    def _settle(self) -> None:
        self.book.setEnabled(True)
        self._busy.end()

    def _offer_alternatives(self, slots: Sequence[Slot]) -> None:
        profile = self.picker.profile
        if profile is None:
            return
        wanted = self.picker.provider.value
        names = {one.id: one.name for one in profile.providers}
        other_provider = wanted is not None and any(slot.provider_id != wanted for slot in slots)
        choices = []
        for slot in slots:
            local = slot.start.astimezone(zone(profile.time_zone))
            when = f"{short_day(local.date())}, {local:%H:%M}"
            text = f"{when} with {names.get(slot.provider_id, 'another provider')}" if other_provider else when
            choices.append(GridChoice(slot, text, f"Take {text}"))
        self.alternatives.offer(choices, columns=1 if other_provider else 3)

    def _on_alternative_picked(self, slot: Slot) -> None:
        """Take over the offered time; the desk still presses Book, because the caller has to agree."""
        self.picker.take(slot)
        self.book.setFocus()

    # Errors beside their causes

    def _show_errors(self, errors: dict[str, Any]) -> bool:
        """Put each message beside its cause; False when one has no place here (or there is none)."""
        fields = self.fields | self.picker.fields
        for name, message in errors.items():
            if name == "start":
                self.picker.complain(message)
            elif name in fields:
                fields[name].set_error(message)
        first = next((fields[name] for name in errors if name in fields), None)
        if first is not None:
            first.control.setFocus()
        return bool(errors) and all(name == "start" or name in fields for name in errors)

    def _clear_errors(self) -> None:
        for field in (self.fields | self.picker.fields).values():
            field.set_error("")
