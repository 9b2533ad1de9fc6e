"""What is recorded of one visit: its rows, with the events, money and messages that the actions would have written.

The words for each step are here; which steps a visit takes, and when, is told in `history`.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from server.actions.claims import claimed_range
from server.db.sealing import note_row
from server.db.unit_of_work import SYSTEM, Actor
from server.demo_data.chance import chance, identifier, reference, stripe_id
from server.demo_data.organisation import Values
from server.demo_data.schedule import Wanted
from server.demo_data.world import STRIPE, Rows, World
from server.domain import ledger
from server.domain.consent import CONSENT_VERSION
from server.domain.ledger import EntryKind, Line
from shared.schemas.enums import (
    AppointmentStatus,
    BookingSource,
    CancellationCause,
    EventKind,
    MeetingStatus,
    PaymentStatus,
    RefundStatus,
    VisitMode,
)


class Story:
    """One visit. Each verb takes the moment at which it happened; verbs are called in the order of time."""

    def __init__(self, world: World, rows: Rows, visit: Wanted) -> None:
        self.world = world
        self.rows = rows
        self.visit = visit
        self.draw = chance(world.seed, "life", visit.key)
        self.id = identifier(self.draw, visit.booked_at)
        self.reference = reference(self.draw)
        while self.reference in rows.references:
            self.reference = reference(self.draw)
        rows.references.add(self.reference)
        self.status = AppointmentStatus.DRAFT
        self.expires_at: datetime | None = None
        self.payment: Values | None = None
        self.refunds: list[Values] = []
        self._values: Values = {}

    @property
    def remote(self) -> bool:
        return self.visit.service.mode is VisitMode.REMOTE

    @property
    def payment_is_processing(self) -> bool:
        return self.payment is not None and self.payment["status"] is PaymentStatus.PROCESSING

    @property
    def consents_to_texts(self) -> bool:
        return bool(self._values.get("sms_consent"))

    @property
    def language(self) -> str:
        """Who books by phone is written to in the clinic's first language."""
        spoken = self.visit.patient.language
        offered = self.visit.clinic.languages
        return spoken if spoken in offered and not self.visit.by_phone else offered[0]

    @property
    def patient_time_zone(self) -> str | None:
        return None if self.visit.by_phone else self.visit.patient.time_zone or self.visit.clinic.time_zone

    # The visit itself

    def hold(self, at: datetime, by: Actor, expires_at: datetime) -> None:
        self.expires_at = expires_at
        self._values["created_at"] = at
        start = self.visit.starts_at.astimezone(self.visit.clinic.zone)
        source = BookingSource.PHONE if self.visit.by_phone else BookingSource.WEB
        self.record(
            EventKind.APPOINTMENT_CREATED,
            at,
            by,
            after={"status": self.status, "start": start.isoformat(), "source": source},
        )

    def detail(self, at: datetime, by: Actor, *, consent: bool, note: str | None) -> None:
        self.status = AppointmentStatus.PENDING_PAYMENT
        patient = self.visit.patient
        consented: Values = {
            "consent_version": CONSENT_VERSION,
            "consent_at": at,
            "consent_source": "spoken on the phone" if self.visit.by_phone else "booking page",
        }
        self._values |= {
            "patient_id": self.world.organisation.id(f"patient {patient.key}"),
            "first_name": patient.first_name,
            "last_name": patient.last_name,
            "email": patient.email,
            "mobile": patient.mobile,
            "language": self.language,
            "patient_time_zone": self.patient_time_zone,
            "note": None if note is None else self.world.seals.seal(note, note_row(self.id)),
            "sms_consent": consent,
            **(consented if consent else {}),
        }
        after = {"status": self.status, "sms_consent": consent}
        self.record(EventKind.APPOINTMENT_DETAILED, at, by, after=after)

    def confirm(self, at: datetime, by: Actor, event: EventKind) -> None:
        paid = {} if self.payment is None else self._amount(self.payment["amount_minor"])
        before, self.status = self.status, AppointmentStatus.CONFIRMED
        self.expires_at = None
        self.record(event, at, by, before={"status": before}, after={"status": self.status, **paid})

    def cancel(self, at: datetime, by: Actor, reason: str, refund_minor: int) -> None:
        before = self.status
        self._end(at, by, CancellationCause.STAFF, reason)
        after = {"status": self.status, "reason": reason, "refund_minor": refund_minor}
        self.record(EventKind.APPOINTMENT_CANCELED, at, by, before={"status": before}, after=after)

    def end_hold(self, at: datetime, by: Actor, cause: CancellationCause) -> None:
        """The hold has run out or was let go; a payment that is still open ends with it, unless it is under way."""
        if self.payment is not None and not self.payment_is_processing:
            self.payment |= {"status": PaymentStatus.CANCELED, "failure_code": None}
        self._end(at, by, cause, None)
        expired = cause is CancellationCause.HOLD_EXPIRED
        kind = EventKind.HOLD_EXPIRED if expired else EventKind.HOLD_RELEASED
        self.record(kind, at, by, after={"status": self.status, "cause": cause})

    def _end(self, at: datetime, by: Actor, cause: CancellationCause, reason: str | None) -> None:
        self.status = AppointmentStatus.CANCELED
        self.expires_at = None
        self._values |= {
            "canceled_at": at,
            "canceled_by": by.name,
            "cancellation_cause": cause,
            "cancellation_reason": reason,
        }

    def slot_gone(self, at: datetime) -> None:
        self._values["cancellation_cause"] = CancellationCause.SLOT_GONE
        self.record(EventKind.PAYMENT_RETURNED, at, STRIPE, after=self._amount(self.visit.price_minor))

    # Its money

    def start_payment(self, at: datetime, by: Actor) -> None:
        self.payment = {
            "id": identifier(self.draw, at),
            "appointment_id": self.id,
            "processor": STRIPE.name,
            "attempt": 1,
            "intent_id": stripe_id(self.draw, "pi"),
            "status": PaymentStatus.INITIATED,
            "amount_minor": self.visit.price_minor,
            "captured_minor": 0,
            "refunded_minor": 0,
            "currency": self.visit.clinic.currency,
            "failure_code": None,
            "created_at": at,
        }
        after = {"payment_id": str(self.payment["id"]), **self._amount(self.visit.price_minor)}
        self.record(EventKind.PAYMENT_INITIATED, at, by, after=after)

    def move_payment(self, at: datetime, event: EventKind, status: PaymentStatus, code: str | None = None) -> None:
        assert self.payment is not None
        before = self.payment["status"]
        self.payment |= {"status": status, "failure_code": code}
        after = {"payment_status": status, "failure_code": code}
        self.record(event, at, STRIPE, before={"payment_status": before}, after=after)

    def collect(self, at: datetime) -> None:
        """The processor has the money. Saying so is up to the caller: a visit is confirmed with it, or it is late."""
        assert self.payment is not None
        amount = self.payment["amount_minor"]
        self.payment |= {"status": PaymentStatus.SUCCEEDED, "captured_minor": amount, "failure_code": None}
        self._post(EntryKind.CHARGE, ledger.charge(amount), self.payment["id"], at)

    def ask_refund(self, at: datetime, by: Actor, amount_minor: int, reason: str) -> None:
        assert self.payment is not None
        refund: Values = {
            "id": identifier(self.draw, at),
            "payment_id": self.payment["id"],
            "appointment_id": self.id,
            "status": RefundStatus.PENDING,
            "amount_minor": amount_minor,
            "currency": self.payment["currency"],
            "reason": reason,
            "actor": by.name,
            "processor_refund_id": stripe_id(self.draw, "re"),
            "failure_code": None,
            "created_at": at,
            "settled_at": None,
        }
        self.refunds.append(refund)
        self.record(EventKind.REFUND_REQUESTED, at, by, after=self._refunded(refund))

    def settle_refund(self, at: datetime, failure_code: str | None = None) -> None:
        """The refund asked for last is done, or could not be."""
        assert self.payment is not None
        refund = self.refunds[-1]
        if failure_code is not None:
            refund |= {"status": RefundStatus.FAILED, "failure_code": failure_code, "settled_at": at}
            after = {**self._refunded(refund), "failure_code": failure_code}
            self.record(EventKind.REFUND_FAILED, at, STRIPE, after=after)
            return
        refund |= {"status": RefundStatus.SUCCEEDED, "settled_at": at}
        returned = self.payment["refunded_minor"] + refund["amount_minor"]
        whole = returned == self.payment["captured_minor"]
        status = PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED
        self.payment |= {"refunded_minor": returned, "status": status}
        self._post(EntryKind.REFUND, ledger.refund(refund["amount_minor"]), refund["id"], at)
        after = {**self._refunded(refund), "payment_status": status}
        self.record(EventKind.REFUND_ISSUED, at, STRIPE, after=after)

    def _amount(self, amount_minor: int) -> Values:
        return {"amount_minor": amount_minor, "currency": self.visit.clinic.currency}

    def _refunded(self, refund: Values) -> Values:
        return {"refund_id": str(refund["id"]), **self._amount(refund["amount_minor"])}

    def _post(self, kind: EntryKind, lines: tuple[Line, ...], moved: UUID, at: datetime) -> None:
        assert self.payment is not None
        transaction_id = identifier(self.draw, at)
        self.rows.ledger += [
            {
                "transaction_id": transaction_id,
                "source": f"{kind.value}:{moved}",
                "kind": kind.value,
                "account": line.account.value,
                "amount_minor": line.amount_minor,
                "currency": self.visit.clinic.currency,
                "clinic_id": self.world.organisation.id(self.visit.clinic.slug),
                "appointment_id": self.id,
                "payment_id": self.payment["id"],
                "day": at.astimezone(self.visit.clinic.zone).date(),
                "at": at,
            }
            for line in lines
        ]

    # Its meeting and its end

    def meet(self, at: datetime) -> None:
        """The meeting as the pretended vendor made it."""
        number, password = self.draw.randrange(10**10, 10**11), f"{self.draw.getrandbits(32):08x}"
        self.rows.meetings.append(
            {
                "appointment_id": self.id,
                "vendor": "zoom",
                "status": MeetingStatus.READY,
                "host": self.visit.provider.email,
                "external_id": str(number),
                "join_url": f"{self.world.links.public_url}/sandbox/zoom/j/{number}?pwd={password}",
                "created_at": at,
            }
        )
        self.rows.sandbox_meetings.append(
            {
                "id": number,
                "host": self.visit.provider.email,
                "topic": "Appointment",
                "agenda": str(self.id),
                "starts_at": self.visit.starts_at,
                "minutes": self.visit.service.duration,
                "time_zone": self.visit.clinic.time_zone,
                "password": password,
                "created_at": at,
            }
        )
        after = {"vendor": "zoom", "meeting": str(number)}
        self.record(EventKind.MEETING_READY, at, SYSTEM, after=after)

    def record(
        self,
        kind: EventKind,
        at: datetime,
        by: Actor,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        self.rows.events.append(
            {
                "kind": kind.value,
                "at": at,
                "actor_kind": by.kind.value,
                "actor_id": by.id,
                "actor": by.name,
                "appointment_id": self.id,
                "clinic_id": self.world.organisation.id(self.visit.clinic.slug),
                "before": before,
                "after": after,
            }
        )

    def close(self) -> None:
        """Write down where the visit stands now, and the time it takes of its provider."""
        visit = self.visit
        ids = self.world.organisation
        self.rows.appointments.append(
            {
                **dict.fromkeys(_OPTIONAL),
                "id": self.id,
                "reference": self.reference,
                "clinic_id": ids.id(visit.clinic.slug),
                "service_id": ids.id(visit.service.key),
                "provider_id": ids.id(visit.provider.key),
                "status": self.status,
                "payment_status": None if self.payment is None else self.payment["status"],
                "source": BookingSource.PHONE if visit.by_phone else BookingSource.WEB,
                "starts_at": visit.starts_at,
                "ends_at": visit.ends_at,
                "day": visit.day,
                "expires_at": self.expires_at,
                "language": "en",
                "sms_consent": False,
                "search": self._search(),
                "currency": visit.clinic.currency,
                "price_minor": visit.price_minor,
                "total_minor": visit.price_minor,
                **self._values,
            }
        )
        if self.payment is not None:
            self.rows.payments.append(self.payment)
            self.rows.refunds += self.refunds
        if self.status is not AppointmentStatus.CANCELED:
            self.rows.claims.append(
                {
                    "id": identifier(self.draw, visit.booked_at),
                    "resource_id": ids.id(visit.provider.key),
                    "appointment_id": self.id,
                    "during": claimed_range(visit.service.rules, visit.starts_at),
                    "expires_at": self.expires_at,
                }
            )

    def _search(self) -> str:
        if "first_name" not in self._values:
            return self.reference.lower()
        patient = self.visit.patient
        words = (self.reference, patient.first_name, patient.last_name, patient.email or "", patient.mobile)
        return " ".join(words).lower()


_OPTIONAL = (
    *("patient_id", "first_name", "last_name", "email", "mobile", "patient_time_zone", "note"),
    *("consent_version", "consent_at", "consent_source"),
    *("canceled_at", "canceled_by", "cancellation_cause", "cancellation_reason"),
)
