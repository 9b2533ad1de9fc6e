"""What the screen knows: who is signed in, the organisation, the filters, the stream's state; and one signal that
says what kind of thing changed.

Views read and write through the store and never see the network or a thread. Nothing is shown before the server
has said it: a write is an operation that succeeds or fails, and then one broadcast tells every view.
"""

import logging
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from desktop.background import Background
from desktop.errors import ApiError, AuthExpired, Offline, Unexpected
from desktop.filters import AppointmentFilters
from shared.schemas.booking import ClinicProfile
from shared.schemas.enums import EventKind, Verb
from shared.schemas.events import EventHint
from shared.schemas.organisation import ClinicChoice, Organisation
from shared.schemas.session import Session, StaffUser

if TYPE_CHECKING:  # httpx costs 60 ms of start-up, so it is imported when the first request is made.
    from desktop.api import Api
    from desktop.stream import StreamStatus

T = TypeVar("T")

# Hints of one booking come within some milliseconds of each other: one refresh answers them all.
GATHER_MILLISECONDS = 100

log = logging.getLogger(__name__)


class Kind(StrEnum):
    """What kind of thing changed; a view asks whether that concerns it."""

    APPOINTMENTS = "appointments"
    MONEY = "money"
    MESSAGES = "messages"
    MEETINGS = "meetings"


_KINDS: dict[EventKind, frozenset[Kind]] = {
    **dict.fromkeys(
        (
            EventKind.APPOINTMENT_CREATED,
            EventKind.APPOINTMENT_DETAILED,
            EventKind.APPOINTMENT_CONFIRMED,
            EventKind.HOLD_EXPIRED,
        ),
        frozenset({Kind.APPOINTMENTS}),
    ),
    **dict.fromkeys(
        (
            EventKind.APPOINTMENT_PAID,
            EventKind.APPOINTMENT_CANCELED,
            EventKind.PAYMENT_INITIATED,
            EventKind.PAYMENT_PROCESSING,
            EventKind.PAYMENT_FAILED,
            EventKind.PAYMENT_RECEIVED_LATE,
            EventKind.REFUND_REQUESTED,
            EventKind.REFUND_ISSUED,
            EventKind.REFUND_FAILED,
        ),
        frozenset({Kind.APPOINTMENTS, Kind.MONEY}),
    ),
    **dict.fromkeys((EventKind.MEETING_READY, EventKind.MEETING_FAILED), frozenset({Kind.MEETINGS})),
    **dict.fromkeys(
        (
            EventKind.PAY_LINK_REQUESTED,
            EventKind.RESEND_REQUESTED,
            EventKind.MESSAGE_SENT,
            EventKind.MESSAGE_DELIVERED,
            EventKind.MESSAGE_FAILED,
            EventKind.MESSAGE_SUPPRESSED,
        ),
        frozenset({Kind.MESSAGES}),
    ),
}


class Store(QObject):
    """`changed(kinds, ids)`: frozensets of Kind and of appointment ids; no ids means "any of them"."""

    changed = Signal(object, object)
    stream_changed = Signal(object)
    signed_in = Signal(object)
    signed_out = Signal(str)
    filters_changed = Signal(object)

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._api: Api | None = None
        self.server = ""
        self.user: StaffUser | None = None
        self.organisation: Organisation | None = None
        self.filters = AppointmentFilters()
        self.stream_status: StreamStatus | None = None
        self._profiles: dict[str, ClinicProfile] = {}
        self._kinds: set[Kind] = set()
        self._ids: set[UUID] | None = set()
        self._gathering = QTimer(self, singleShot=True, interval=GATHER_MILLISECONDS)
        self._gathering.timeout.connect(self._broadcast_gathered)
        background.messages_arrived.connect(self._on_messages_arrived, Qt.ConnectionType.QueuedConnection)
        background.at_stop(self._close)

    # Session

    def sign_in(
        self,
        owner: QObject,
        server: str,
        email: str,
        password: str,
        done: Callable[[StaffUser], None],
        failed: Callable[[ApiError], None],
    ) -> None:
        """Sign in, read the organisation, then start the stream. The token lives in memory only."""
        previous, self._api = self._api, None
        self._background.cancel(self, "stream")

        async def connect() -> "tuple[Api, Session, Organisation]":
            from desktop.api import Api

            if previous is not None:
                await previous.aclose()
            try:
                api = Api(server)
            except Exception as error:  # httpx raises a handful of unrelated types for an unreadable address
                raise Offline(server) from error
            try:
                session = await api.sign_in(email, password, device="desktop")
                return api, session, await api.organisation()
            except BaseException:
                await api.aclose()
                raise

        def connected(answer: "tuple[Api, Session, Organisation]") -> None:
            self._api, session, self.organisation = answer
            self.server, self.user = server, session.user
            self._profiles.clear()
            self._background.ask(self, "stream", self._follow(self._api), lambda _: None, self._on_stream_died)
            self.signed_in.emit(session.user)
            done(session.user)

        self._background.ask(owner, "sign in", connect(), connected, lambda error: failed(_typed(error)))

    def sign_out(self) -> None:
        """Forget the session here at once, and on the server when it can be reached."""
        api, self._api = self._api, None
        self._end_session("")
        if api is not None:
            self._background.ask(self, "sign out", _leave(api), lambda _: None, self._on_sign_out_failed)

    def close(self) -> None:
        """The console is ending: gather nothing more. The background closes the connections when it stops."""
        self._background.messages_arrived.disconnect(self._on_messages_arrived)
        self._forget_gathered()

    def may(self, verb: Verb) -> bool:
        return self.user is not None and verb in self.user.may

    # Reading and writing

    def read(
        self,
        owner: QObject,
        name: str,
        call: "Callable[[Api], Coroutine[Any, Any, T]]",
        done: Callable[[T], None],
        failed: Callable[[ApiError], None],
    ) -> None:
        """Ask the server something for a view; a newer read of the same owner and name replaces an older one."""
        if self._api is None:
            failed(AuthExpired())
            return

        def refused(error: Exception) -> None:
            typed = _typed(error)
            if isinstance(typed, AuthExpired) and self.user is not None:
                self._end_session(f"{typed.sentence} {typed.next_step}")
            failed(typed)

        self._background.ask(owner, name, call(self._api), done, refused)

    def operate(
        self,
        owner: QObject,
        name: str,
        call: "Callable[[Api], Coroutine[Any, Any, T]]",
        kinds: Iterable[Kind],
        ids: Iterable[UUID],
        done: Callable[[T], None],
        failed: Callable[[ApiError], None],
    ) -> None:
        """A write: run it, tell its view, then tell everybody what kind of thing changed."""
        touched, affected = frozenset(kinds), frozenset(ids)

        def succeeded(result: T) -> None:
            done(result)
            self.changed.emit(touched, affected)

        self.read(owner, name, call, succeeded, failed)

    def clinic_profile(
        self, owner: QObject, slug: str, done: Callable[[ClinicProfile], None], failed: Callable[[ApiError], None]
    ) -> None:
        """A clinic's services and providers, read once a session."""
        if slug in self._profiles:
            done(self._profiles[slug])
            return

        def keep(profile: ClinicProfile) -> None:
            self._profiles[slug] = profile
            done(profile)

        self.read(owner, "clinic profile", lambda api: api.clinic_profile(slug), keep, failed)

    def clinic(self, clinic_id: UUID) -> ClinicChoice | None:
        choices = self.organisation.clinics if self.organisation else []
        return next((clinic for clinic in choices if clinic.id == clinic_id), None)

    def set_filters(self, filters: AppointmentFilters) -> None:
        if filters != self.filters:
            self.filters = filters
            self.filters_changed.emit(filters)

    # The stream

    def _follow(self, api: "Api") -> Coroutine[Any, Any, None]:
        async def follow_stream() -> None:
            from desktop.stream import follow

            await follow(api, self._background.post)

        return follow_stream()

    def _on_messages_arrived(self, messages: list[object]) -> None:
        from desktop.stream import ReadAnew, SessionEnded, StreamStatus

        if self.user is None:
            return
        for message in messages:
            match message:
                case EventHint():
                    self._gather(_KINDS.get(message.kind, frozenset()), message.appointment_id)
                case ReadAnew():
                    self._gather(frozenset(Kind), None)
                case StreamStatus():
                    self.stream_status = message
                    self.stream_changed.emit(message)
                case SessionEnded(error=error):
                    self._end_session(f"{error.sentence} {error.next_step}")

    def _gather(self, kinds: frozenset[Kind], appointment_id: UUID | None) -> None:
        if not kinds:
            return
        self._kinds |= kinds
        if appointment_id is None:
            self._ids = None
        elif self._ids is not None:
            self._ids.add(appointment_id)
        if not self._gathering.isActive():
            self._gathering.start()

    def _broadcast_gathered(self) -> None:
        kinds, ids = frozenset(self._kinds), frozenset(self._ids or ())
        self._forget_gathered()
        self.changed.emit(kinds, ids)

    def _forget_gathered(self) -> None:
        self._gathering.stop()
        self._kinds, self._ids = set(), set()

    async def _close(self) -> None:
        if self._api is not None:
            await self._api.aclose()

    def _on_stream_died(self, error: Exception) -> None:
        from desktop.stream import StreamState, StreamStatus

        log.error("the live stream has stopped", exc_info=error)
        self.stream_status = StreamStatus(
            StreamState.STALE, datetime.now(UTC), "Live updates have stopped: sign in again."
        )
        self.stream_changed.emit(self.stream_status)

    def _on_sign_out_failed(self, error: Exception) -> None:
        log.warning("the server was not told of the sign-out: %s", error)

    def _end_session(self, reason: str) -> None:
        self._background.cancel(self, "stream")
        self._forget_gathered()
        self.user = None
        self.stream_status = None
        self.signed_out.emit(reason)


async def _leave(api: "Api") -> None:
    try:
        await api.sign_out()
    finally:
        await api.aclose()


def _typed(error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    log.error("a request failed in an unforeseen way", exc_info=error)
    return Unexpected("Something went wrong in the console itself.", "Try again; if it stays, tell whoever runs it.")
