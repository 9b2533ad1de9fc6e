"""All tables, by noun. Importing this package registers every one of them on `Row.metadata`."""

from server.db.tables.appointments import Appointment, Patient, VideoMeeting
from server.db.tables.clinics import Clinic, Offering, Service, StaffSession, User
from server.db.tables.events import (
    AccessLine,
    Event,
    EventCursor,
    IdempotencyKey,
    Job,
    WebhookInbox,
)
from server.db.tables.messages import Message, TextOptOut
from server.db.tables.metadata import Row
from server.db.tables.money import LedgerEntry, Payment, Refund
from server.db.tables.scheduling import Claim, Provider, Resource, TimeOff, WeeklyHours

__all__ = [
    "AccessLine",
    "Appointment",
    "Claim",
    "Clinic",
    "Event",
    "EventCursor",
    "IdempotencyKey",
    "Job",
    "LedgerEntry",
    "Message",
    "Offering",
    "Patient",
    "Payment",
    "Provider",
    "Refund",
    "Resource",
    "Row",
    "Service",
    "StaffSession",
    "TextOptOut",
    "TimeOff",
    "User",
    "VideoMeeting",
    "WebhookInbox",
    "WeeklyHours",
]
