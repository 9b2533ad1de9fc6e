"""The dialogs about one appointment: cancel, refund, send again; and the shortcuts cheat sheet.

Open them with `open()`, never `exec()`: a nested event loop would let the world change under a running slot.
"""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QWidget,
)

from desktop.actions import ACTIONS
from desktop.errors import ApiError
from desktop.formats import money, visit_time
from desktop.operation_key import OperationKey
from desktop.store import Kind, Store
from desktop.widgets.busy import BusyLine
from desktop.widgets.field import Field
from desktop.widgets.money_edit import MoneyEdit
from desktop.widgets.notice import Notice
from desktop.widgets.text import GRID, button, column, label, rule
from shared.schemas.appointments import AppointmentDetail, CancelRequest, RefundRequest, ResendRequest
from shared.schemas.booking import ResendReceipt
from shared.schemas.enums import Channel, Verb

WIDTH = 440


class _Dialog(QDialog):
    """Title, what it is about, a body, an error, and two buttons. Stays open, with what was typed, on failure."""

    def __init__(self, store: Store, title: str, about: str, confirm: str, back: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._store = store
        self.setWindowTitle(title)
        self.setMinimumWidth(WIDTH)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.notice = Notice()
        self._busy = BusyLine(title)
        self.confirm = button(confirm, "primary")
        self.back = button(back)
        self.confirm.setDefault(True)
        self.confirm.clicked.connect(self._submit)
        self.back.clicked.connect(self.reject)
        self.body = column(spacing=GRID * 2)
        feet = QHBoxLayout()
        feet.setSpacing(GRID)
        feet.addStretch(1)
        feet.addWidget(self.back)
        feet.addWidget(self.confirm)
        layout = column(spacing=GRID * 2, margin=GRID * 3)
        layout.addWidget(label(title, size="title"))
        layout.addWidget(label(about, tone="muted", wraps=True))
        layout.addWidget(self.notice)
        layout.addLayout(self.body)
        layout.addWidget(self._busy)
        layout.addLayout(feet)
        self.setLayout(layout)

    def _submit(self) -> None:
        if not self._busy.waiting and self._send():
            self.notice.clear()
            self.confirm.setEnabled(False)
            self._busy.begin()

    def _send(self) -> bool:
        """Start the operation; False when something on screen has to be mended first."""
        raise NotImplementedError

    def _on_failed(self, error: ApiError) -> None:
        self._busy.end()
        self.confirm.setEnabled(True)
        self.notice.say("danger", error.sentence, error.next_step)


class _Reason(Field):
    def __init__(self, hint: str) -> None:
        self.line = QLineEdit(maxLength=500)
        super().__init__("Reason", self.line, hint=hint)

    def read(self) -> str | None:
        """The reason, or None after saying that it is needed."""
        text = self.line.text().strip()
        self.set_error("" if text else "A reason is needed; it is kept in the activity log.")
        if not text:
            self.line.setFocus()
        return text or None


class _Amount(Field):
    def __init__(self, caption: str, detail: AppointmentDetail) -> None:
        row = detail.row
        self.edit = MoneyEdit(row.currency_exponent, detail.refundable_minor)
        self._most = money(detail.refundable_minor, row.currency_exponent, row.currency)
        super().__init__(f"{caption} ({row.currency})", self.edit, hint=f"At most {self._most}")

    def read(self) -> int | None:
        """The amount in minor units, or None after saying what is wrong with it."""
        minor = self.edit.minor
        self.set_error("" if minor else f"An amount up to {self._most}, for example {self._most.lstrip('$€£')}.")
        if minor is None:
            self.edit.setFocus()
        return minor


def _about(detail: AppointmentDetail) -> str:
    row = detail.row
    return f"{row.patient_name or row.reference}, {row.service_name} with {row.provider_name}, " + visit_time(
        row.start, row.end, row.time_zone
    )


class CancelDialog(_Dialog):
    """Cancel a visit, with the money given back or kept."""

    def __init__(self, store: Store, detail: AppointmentDetail, parent: QWidget) -> None:
        super().__init__(store, "Cancel this visit?", _about(detail), "Cancel the visit", "Keep the visit", parent)
        self._detail = detail
        self.reason = _Reason("It is kept in the activity log.")
        self.body.addWidget(self.reason)
        self.give_back = QRadioButton("Give the money back")
        self.keep = QRadioButton("Keep the money")
        self.amount = _Amount("Amount to give back", detail)
        self._choice = QButtonGroup(self)
        may_refund = store.may(Verb.REFUND_PAYMENT)
        if detail.refundable_minor > 0:
            self.body.addWidget(self.give_back)
            self.body.addWidget(self.amount)
            self.body.addWidget(self.keep)
            self.body.addWidget(label(f"Policy: {detail.policy}", size="small", tone="muted", wraps=True))
            if not may_refund:
                self.body.addWidget(
                    label(
                        "Refunds are not among your permissions: ask a manager.", size="small", tone="muted", wraps=True
                    )
                )
        for control in (self.give_back, self.keep):
            control.setAccessibleName(control.text())
            self._choice.addButton(control)
        self.give_back.toggled.connect(self.amount.setEnabled)
        self.give_back.setEnabled(may_refund)
        (self.give_back if may_refund else self.keep).setChecked(True)
        self.amount.setEnabled(self.give_back.isChecked())
        self.reason.setFocus()

    def _send(self) -> bool:
        reason = self.reason.read()
        if reason is None:
            return False
        gives_back = self._detail.refundable_minor > 0 and self.give_back.isChecked()
        refund = self.amount.read() if gives_back else 0
        if refund is None:
            return False
        request = CancelRequest(reason=reason, refund_minor=refund)
        appointment_id = self._detail.row.id
        self._store.operate(
            self,
            "cancel",
            lambda api: api.cancel_appointment(appointment_id, request),
            (Kind.APPOINTMENTS, Kind.MONEY, Kind.MESSAGES),
            (appointment_id,),
            lambda _: self.accept(),
            self._on_failed,
        )
        return True


class RefundDialog(_Dialog):
    """Give money back without canceling."""

    def __init__(self, store: Store, detail: AppointmentDetail, parent: QWidget) -> None:
        super().__init__(store, "Refund", _about(detail), "Refund", "Back", parent)
        self._detail = detail
        self._key = OperationKey()
        self.amount = _Amount("Amount", detail)
        self.body.addWidget(self.amount)
        self.reason = _Reason("It is kept in the activity log.")
        self.body.addWidget(self.reason)
        self.amount.setFocus()

    def _send(self) -> bool:
        reason = self.reason.read()
        if reason is None:
            return False
        amount = self.amount.read()
        if amount is None:
            return False
        request = RefundRequest(amount_minor=amount, reason=reason)
        key, appointment_id = self._key.for_request(request), self._detail.row.id
        self._store.operate(
            self,
            "refund",
            lambda api: api.refund(appointment_id, request, key),
            (Kind.APPOINTMENTS, Kind.MONEY),
            (appointment_id,),
            lambda _: self.accept(),
            self._on_failed,
        )
        return True


class ResendDialog(_Dialog):
    """Send the confirmation again, by e-mail, by text, or both."""

    def __init__(self, store: Store, detail: AppointmentDetail, parent: QWidget) -> None:
        super().__init__(store, "Send the messages again", _about(detail), "Send again", "Back", parent)
        self._detail = detail
        self.email = QCheckBox(f"E-mail to {detail.email}" if detail.email else "E-mail: no address is known")
        self.text = QCheckBox(f"Text to {detail.mobile}" if detail.mobile else "Text: no mobile is known")
        if detail.mobile and not detail.sms_consent:
            self.text.setText("Text: the patient has not agreed to texts")
        for control, possible in (
            (self.email, bool(detail.email)),
            (self.text, bool(detail.mobile) and detail.sms_consent),
        ):
            control.setAccessibleName(control.text())
            control.setEnabled(possible)
            control.setChecked(possible)
            self.body.addWidget(control)

    def _send(self) -> bool:
        chosen = ((Channel.EMAIL, self.email), (Channel.TEXT, self.text))
        channels = tuple(channel for channel, control in chosen if control.isChecked())
        if not channels:
            self.notice.say("warning", "Nothing is chosen.", "Choose e-mail or text.")
            return False
        request, appointment_id = ResendRequest(channels=channels), self._detail.row.id
        self._store.operate(
            self,
            "resend",
            lambda api: api.resend(appointment_id, request),
            (Kind.MESSAGES,),
            (appointment_id,),
            self._on_queued,
            self._on_failed,
        )
        return True

    def _on_queued(self, receipt: ResendReceipt) -> None:
        if receipt.queued:
            self.accept()
            return
        self._busy.end()
        self.confirm.setEnabled(True)
        self.notice.say("warning", "Nothing was queued.", "The messages section says why a message is not sent.")


class ShortcutsDialog(QDialog):
    """Every action and its key."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = column(spacing=GRID * 2, margin=GRID * 3)
        layout.addWidget(label("Keyboard shortcuts", size="title"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(GRID * 6)
        row = 0
        for menu in dict.fromkeys(action.menu for action in ACTIONS):
            grid.addWidget(rule(), row, 0, 1, 2)
            grid.addWidget(label(menu.replace("&", ""), size="small", tone="muted"), row + 1, 0)
            row += 2
            for action in ACTIONS:
                if action.menu == menu:
                    grid.addWidget(label(action.text.replace("&", "").rstrip("…")), row, 0)
                    key = label(action.key, strong=True)
                    key.setAlignment(Qt.AlignmentFlag.AlignRight)
                    grid.addWidget(key, row, 1)
                    row += 1
        layout.addLayout(grid)
        close = button("Close", "primary")
        close.clicked.connect(self.accept)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        self.setLayout(layout)


def open_dialog(name: str, store: Store, detail: AppointmentDetail, parent: QWidget) -> _Dialog:
    """Open the dialog `cancel`, `refund` or `resend` on an appointment; it deletes itself when closed."""
    kinds: dict[str, type[CancelDialog | RefundDialog | ResendDialog]] = {
        "cancel": CancelDialog,
        "refund": RefundDialog,
        "resend": ResendDialog,
    }
    dialog = kinds[name](store, detail, parent)
    dialog.open()
    return dialog
