"""Video meetings: the protocol, and Zoom (server-to-server OAuth) behind it.

The vendor is told a tag, a time and a length: never a patient's name or a service.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    id: str
    join_url: str


class MeetingRooms(Protocol):
    name: str

    async def create(self, *, host: str, starts_at: datetime, minutes: int, time_zone: str, tag: str) -> Meeting:
        """Make a meeting hosted by `host` (the vendor's user, an e-mail address). `tag` finds it again if the
        answer is lost: a second call with the same tag and host returns the first meeting."""
        ...

    async def start_url(self, meeting_id: str) -> str:
        """A fresh link that starts the meeting as its host. It is a credential: never store, log or mail it."""
        ...

    async def delete(self, meeting_id: str) -> None:
        """Delete the meeting; one that is already gone is no error."""
        ...

    async def close(self) -> None: ...
