"""Structured logs, one JSON object a line, with contacts and secrets kept out."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Vendors' clients print whole addresses at INFO, and a number or an e-mail may stand in them.
_TALKATIVE = ("httpx", "httpcore", "stripe", "twilio", "twilio.http_client", "saq", "mail.log", "alembic", "asyncio")
_EMAIL = re.compile(r"([\w.+-])[\w.+-]*@([\w-]+\.[\w.-]+)")
_NUMBER = re.compile(r"\+\d{6,}")
_TOKEN = re.compile(r"(/(?:visit|join|appointments)/)[\w-]{40,}")


def configure(level: str) -> None:
    """Once per process, before anything logs."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redacted,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=level.upper(), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def redacted(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last thing before a line is written: what looks like a contact or a patient's link is masked."""
    for key, value in entry.items():
        if isinstance(value, str):
            masked = _EMAIL.sub(r"\1…@\2", value)
            masked = _NUMBER.sub(lambda found: f"{found.group()[:2]}…{found.group()[-2:]}", masked)
            entry[key] = _TOKEN.sub(r"\1…", masked)
    return entry
