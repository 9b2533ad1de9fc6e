"""One appointment beside the list: contact, visit, money, messages, activity, and what can be done about it."""

from uuid import UUID

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from desktop.errors import ApiError
from desktop.formats import (
    APPOINTMENT_MARKS,
    MESSAGE_KINDS,
    MESSAGE_MARKS,
    MODES,
    PAYMENT_MARKS,
    REFUND_MARKS,
    activity,
    moment,
    money,
    visit_time,
    zone_label,
)
from desktop.store import Kind, Store
from desktop.theme import Theme
from desktop.widgets.busy import BusyLine
from desktop.widgets.marks import MarkLabel
from desktop.widgets.notice import Notice
from desktop.widgets.sections import Facts, Log, MarkedLine, MarkedLines
from desktop.widgets.text import GRID, button, column, label, panel
from shared.schemas.appointments import AppointmentDetail, MessageLine
from shared.schemas.enums import Verb

NOT_KNOWN = "Not known yet"


class DetailPane(QWidget):
    """`shown(detail)` whenever something else, or something newer, is on screen; None when nothing is.

    The buttons only announce the wish; the window's actions open the dialogs.
    """

    shown = Signal(object)
    wanted = Signal(str)

    def __init__(self, store: Store, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._id: UUID | None = None
        self._stale = False
        self.detail: AppointmentDetail | None = None
        self.busy = BusyLine("Reading the appointment")
        self.notice = Notice()
        self._name = label(size="title", selectable=True, wraps=True)
        self._status = MarkLabel(theme.colour)
        self._reference = label(tone="muted", selectable=True)
        self._when = label(strong=True, wraps=True)
        self.visit = Facts("Visit")
        self.contact = Facts("Contact")
        self.money = Facts("Money", amounts=True)
        self.payments = MarkedLines("Payments and refunds", "Nothing has been paid.", theme.colour)
        self.messages = MarkedLines("Messages", "No message has been written.", theme.colour)
        self.activity = Log("Activity")
        self.cancel = button("Cancel visit…", "danger")
        self.refund = button("Refund…")
        self.resend = button("Send again…", name="Send messages again…")
        self._lay_out()

        for wish, control in (("cancel", self.cancel), ("refund", self.refund), ("resend", self.resend)):
            control.clicked.connect(lambda _=False, wish=wish: self.wanted.emit(wish))
        self.notice.acted.connect(self.reload)
        theme.changed.connect(self._recolour)
        store.changed.connect(self._on_changed)

    def show_appointment(self, appointment_id: UUID | None) -> None:
        """Read and show an appointment; None shows what to do instead."""
        self._id = appointment_id
        self.notice.clear()
        if appointment_id is None:
            self.detail = None
            self._pages.setCurrentIndex(0)
            self.shown.emit(None)
        else:
            self.reload()

    def reload(self) -> None:
        """Read what is shown again."""
        if self._id is None:
            return
        if not self.isVisible():
            self._stale = True
            return
        self._stale = False
        appointment_id = self._id
        self.busy.begin()
        self._store.read(self, "detail", lambda api: api.appointment(appointment_id), self.show_detail, self._on_failed)

    def show_detail(self, detail: AppointmentDetail) -> None:
        """Show an appointment that the server has just sent."""
        self.busy.end()
        self.notice.clear()
        self._id, self.detail = detail.row.id, detail
        row = detail.row
        self._name.setText(row.patient_name or "No name yet")
        self._reference.setText(row.reference)
        self._status.show_mark(APPOINTMENT_MARKS[row.status])
        self._when.setText(visit_time(row.start, row.end, row.time_zone))
        self.visit.show_facts(_visit(detail))
        self.contact.show_facts(_contact(detail))
        self.money.show_facts(_money(detail))
        # Whom the server tells nothing of the payments must not read that there are none.
        self.payments.setVisible(self._store.may(Verb.VIEW_DAY_SALES))
        self.payments.show_lines(_payments(detail))
        self.messages.show_lines([_message(line, row.time_zone) for line in detail.messages])
        self.activity.show_moments(
            [(moment(line.at, row.time_zone), activity(line.kind), line.actor) for line in reversed(detail.activity)]
        )
        self._pages.setCurrentIndex(1)
        self.shown.emit(detail)

    def allow(self, *, cancel: bool, refund: bool, resend: bool) -> None:
        """Enable the buttons like the actions of the same names."""
        for control, allowed in ((self.cancel, cancel), (self.refund, refund), (self.resend, resend)):
            control.setEnabled(allowed)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        if self._stale:
            self.reload()

    def _lay_out(self) -> None:
        empty = QWidget()
        words = column(margin=GRID * 4)
        words.addStretch(2)
        for part in (
            label("Nothing selected", size="title"),
            label("Choose a visit in the list to see its contact, money and messages.", tone="muted", wraps=True),
        ):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            words.addWidget(part)
        words.addStretch(3)
        empty.setLayout(words)

        head = QHBoxLayout()
        head.addWidget(self._status, 1)
        head.addWidget(self._reference)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        for control in (self.resend, self.refund, self.cancel):
            buttons.addWidget(control)
        buttons.addStretch(1)
        page = QWidget()
        page.setProperty("role", "page")
        body = column(spacing=GRID * 2, margin=GRID * 2)
        top = column(spacing=4)
        top.addLayout(head)
        top.addWidget(self._name)
        top.addWidget(self._when)
        body.addLayout(top)
        body.addLayout(buttons)
        for section in (self.visit, self.contact, self.money, self.payments, self.messages, self.activity):
            body.addWidget(section)
        body.addStretch(1)
        page.setLayout(body)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        scroll.setAccessibleName("Appointment details")
        self._pages = QStackedWidget()
        self._pages.addWidget(empty)
        self._pages.addWidget(scroll)
        self.setFocusProxy(scroll)
        frame = panel()
        inside = column(spacing=0, margin=1)
        inside.addWidget(self.busy)
        inside.addWidget(self.notice)
        inside.addWidget(self._pages, 1)
        frame.setLayout(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(frame)

    def _recolour(self) -> None:
        self._status.recolour()
        self.payments.recolour()
        self.messages.recolour()

    def _on_changed(self, _: frozenset[Kind], ids: frozenset[UUID]) -> None:
        if self._id is not None and (not ids or self._id in ids):
            self.reload()

    def _on_failed(self, error: ApiError) -> None:
        self.busy.end()
        self._stale = True
        self.notice.say("danger", error.sentence, error.next_step, "Try again")


def _visit(detail: AppointmentDetail) -> list[tuple[str, str]]:
    row = detail.row
    facts = [
        ("Service", row.service_name),
        ("Provider", row.provider_name),
        ("Clinic", f"{detail.clinic_name} ({row.time_zone})"),
        ("Where", MODES[detail.mode]),
        ("Booked", "By phone" if row.source == "phone" else "On the website"),
    ]
    if detail.meeting is not None:
        facts.append(("Video link", detail.meeting.join_url or detail.meeting.error or "Being made"))
    if row.expires_at is not None:
        zone = f"{moment(row.expires_at, row.time_zone)} {zone_label(row.expires_at, row.time_zone)}"
        facts.append(("Held until", zone))
    if detail.rescheduled_from is not None:
        facts.append(("Moved from", f"{moment(detail.rescheduled_from, row.time_zone)[:-3]}"))
    if detail.canceled_at is not None:
        who = detail.canceled_by or "System"
        facts.append(("Canceled", f"{moment(detail.canceled_at, row.time_zone)} by {who}"))
        facts.append(("Reason", detail.cancellation_reason or (detail.cancellation_cause or "").replace("_", " ")))
    if detail.note:
        facts.append(("Note", detail.note))
    return facts


def _contact(detail: AppointmentDetail) -> list[tuple[str, str]]:
    texts = "Agreed" if detail.sms_consent else "Not agreed: no text is sent"
    if detail.sms_consent and detail.consent_source:
        texts = f"Agreed ({detail.consent_source.replace('_', ' ')})"
    return [
        ("E-mail", detail.email or NOT_KNOWN),
        ("Mobile", detail.mobile or NOT_KNOWN),
        ("Texts", texts),
        *([("Manage link", detail.manage_url)] if detail.manage_url else []),
    ]


def _money(detail: AppointmentDetail) -> list[tuple[str, str]]:
    row = detail.row

    def amount(minor: int) -> str:
        return money(minor, row.currency_exponent, row.currency)

    facts = [("Price", amount(detail.price_minor))]
    if detail.discount_minor:
        facts.append(("Discount", amount(-detail.discount_minor)))
    if detail.tax_minor:
        facts.append(("Tax", amount(detail.tax_minor)))
    facts += [("Total", amount(row.total_minor)), ("Paid", amount(row.paid_minor))]
    if row.refunded_minor:
        facts.append(("Refunded", amount(-row.refunded_minor)))
    return facts


def _payments(detail: AppointmentDetail) -> list[MarkedLine]:
    row = detail.row
    lines = [
        MarkedLine(
            PAYMENT_MARKS[payment.status],
            money(payment.amount_minor, row.currency_exponent, payment.currency),
            moment(payment.created_at, row.time_zone),
            " · ".join(part for part in (payment.processor, payment.intent_id, payment.failure_code) if part),
            "danger" if payment.failure_code else "muted",
        )
        for payment in detail.payments
    ]
    lines += [
        MarkedLine(
            REFUND_MARKS[refund.status],
            money(-refund.amount_minor, row.currency_exponent, refund.currency),
            moment(refund.settled_at or refund.created_at, row.time_zone),
            " · ".join(part for part in (refund.reason, refund.actor, refund.failure_code) if part),
            "danger" if refund.failure_code else "muted",
        )
        for refund in detail.refunds
    ]
    return lines


def _message(line: MessageLine, zone: str) -> MarkedLine:
    channel = "e-mail" if line.channel == "email" else "text"
    remark = line.explanation or line.error_code or line.recipient
    return MarkedLine(
        MESSAGE_MARKS[line.status],
        f"{MESSAGE_KINDS[line.kind]}, {channel} to {line.audience.value}",
        moment(line.sent_at or line.due_at, zone),
        remark,
        "danger" if line.error_code else "muted",
    )
