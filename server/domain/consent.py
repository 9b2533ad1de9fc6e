"""The sentence that a patient agrees to before any text is sent. A new wording is a new version: what was
agreed to stays provable."""

CONSENT_VERSION = "2026-11"
CONSENT_TEXT = (
    "I agree to receive text messages about this appointment (confirmation, reminders, changes, refunds). "
    "Message rates may apply. Reply STOP to opt out at any time."
)
