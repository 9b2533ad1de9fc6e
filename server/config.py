"""Every setting of the server, read once from the environment. No other module reads the environment.

A setting's name, default and meaning stand here together; the README's table is checked against this file.
In sandbox mode each vendor's address defaults to our own sandbox, in live mode to the vendor, so production
differs from the demo by settings only.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

DEMO_SECRET_KEY = "demo-key-not-for-production-use-0000"
SANDBOX_STRIPE_KEY = "sk_test_sandbox"
SANDBOX_STRIPE_WEBHOOK_SECRET = "whsec_sandbox"
SANDBOX_TWILIO_SID = "AC00000000000000000000000000000000"
SANDBOX_TWILIO_TOKEN = "sandbox-twilio-token"
SANDBOX_ZOOM_SECRET = "sandbox-zoom-secret"


class Mode(StrEnum):
    SANDBOX = "sandbox"
    LIVE = "live"


class SettingsError(Exception):
    """One or more settings are missing or contradict each other; the message names each and says what to do."""


def _setting(name: str, default: Any, meaning: str) -> Any:
    return field(default=default, metadata={"name": f"FRONTDESK_{name}", "meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Read with `Settings.from_environment()`. Empty strings mean "not set"."""

    mode: Mode = _setting(
        "MODE",
        Mode.SANDBOX,
        "`sandbox` pretends every vendor; `live` uses the real ones",
    )
    home: Path = _setting("HOME", Path(".frontdesk"), "folder for the embedded engines' state and logs")
    host: str = _setting("HOST", "127.0.0.1", "address that `serve` listens on")
    port: int = _setting(
        "PORT",
        8100,
        "port that `serve` listens on; the sample website takes the next one",
    )
    public_url: str = _setting(
        "PUBLIC_URL",
        "",
        "address that patients and vendors reach us at; default: host and port",
    )
    secret_keys: str = _setting(
        "SECRET_KEYS",
        DEMO_SECRET_KEY,
        "keyring, newest first, comma-separated, 32+ characters each",
    )
    database_url: str = _setting(
        "DATABASE_URL",
        "",
        "`postgresql://…`; unset: the embedded PostgreSQL is started",
    )
    redis_url: str = _setting("REDIS_URL", "", "`redis://…`; unset: the embedded Valkey is started")
    database_pool: int = _setting("DATABASE_POOL", 32, "connections per process; at least the requests in flight")
    log_level: str = _setting("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR")
    trusted_proxies: str = _setting(
        "TRUSTED_PROXIES",
        "",
        "addresses whose X-Forwarded-For is believed, comma-separated",
    )

    hold_minutes: int = _setting(
        "HOLD_MINUTES",
        10,
        "how long a chosen slot is kept while the patient checks out",
    )
    pay_link_minutes: int = _setting(
        "PAY_LINK_MINUTES",
        120,
        "how long a phone booking waits for its pay link to be used",
    )
    session_hours: int = _setting("SESSION_HOURS", 12, "how long a staff session lives at most")
    rate_limit_reads: str = _setting(
        "RATE_LIMIT_READS",
        "",
        "public reads per address; default `1200/minute`, sandbox `60000/minute`",
    )
    rate_limit_writes: str = _setting(
        "RATE_LIMIT_WRITES",
        "",
        "public writes per address; default `30/minute`, sandbox `6000/minute`",
    )
    rate_limit_sign_in: str = _setting(
        "RATE_LIMIT_SIGN_IN",
        "",
        "sign-in attempts per address; default `10/minute`, sandbox `600/minute`",
    )

    stripe_url: str = _setting("STRIPE_URL", "", "address of the Stripe API")
    stripe_secret_key: str = _setting("STRIPE_SECRET_KEY", "", "Stripe's secret key")
    stripe_publishable_key: str = _setting("STRIPE_PUBLISHABLE_KEY", "", "Stripe's key for the booking page")
    stripe_webhook_secret: str = _setting(
        "STRIPE_WEBHOOK_SECRET",
        "",
        "signing secrets of the webhook endpoint, comma-separated while rotating",
    )
    twilio_url: str = _setting("TWILIO_URL", "", "address of the Twilio API")
    twilio_account_sid: str = _setting("TWILIO_ACCOUNT_SID", "", "Twilio account")
    twilio_auth_token: str = _setting("TWILIO_AUTH_TOKEN", "", "Twilio auth token; also verifies its webhooks")
    twilio_from: str = _setting("TWILIO_FROM", "", "sending number (E.164) or messaging service (MG…)")
    smtp_url: str = _setting(
        "SMTP_URL",
        "",
        "`smtp://user:password@host:587` (STARTTLS where offered) or `smtps://…`",
    )
    mail_from: str = _setting(
        "MAIL_FROM",
        "",
        "sender of every e-mail, for example `Clinic <visits@example.org>`",
    )
    zoom_url: str = _setting("ZOOM_URL", "", "address of the Zoom API")
    zoom_account_id: str = _setting("ZOOM_ACCOUNT_ID", "", "Zoom account of the server-to-server app")
    zoom_client_id: str = _setting("ZOOM_CLIENT_ID", "", "Zoom client id")
    zoom_client_secret: str = _setting("ZOOM_CLIENT_SECRET", "", "Zoom client secret")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Settings from `FRONTDESK_*`, with the mode's defaults filled in.

        Raises SettingsError for a value that cannot be read, and whatever `check` finds.
        """
        source = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for setting in fields(cls):
            text = source.get(setting.metadata["name"], "").strip()
            if text:
                values[setting.name] = _parsed(setting.metadata["name"], setting.default, text)
        settings = cls(**values).with_mode_defaults()
        settings.check()
        return settings

    def with_mode_defaults(self) -> "Settings":
        """A copy whose unset vendor settings point to our sandbox (sandbox mode) or to the vendor (live mode)."""
        own = f"http://{self.host}:{self.port}"
        chosen = _LIVE_DEFAULTS if self.mode is Mode.LIVE else _SANDBOX_DEFAULTS
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        for name, default in chosen.items():
            if values[name] == "":
                values[name] = default.format(own=own, host=self.host, smtp_port=self.port + 2)
        if values["public_url"] == "":
            values["public_url"] = own
        values["public_url"] = cast(str, values["public_url"]).rstrip("/")
        return Settings(**values)

    def check(self) -> None:
        """Refuse a live server with demo keys or missing ones, and a sandbox with real ones. Raises SettingsError."""
        wrong = list(_wrong_in_live(self) if self.mode is Mode.LIVE else _wrong_in_sandbox(self))
        if not 1 <= self.port <= 65533:
            wrong.append("FRONTDESK_PORT must lie between 1 and 65533 (two more ports follow it)")
        for name, minutes in (
            ("HOLD_MINUTES", self.hold_minutes),
            ("PAY_LINK_MINUTES", self.pay_link_minutes),
        ):
            if not 1 <= minutes <= 1440:
                wrong.append(f"FRONTDESK_{name} must lie between 1 and 1440")
        if not self.keyring:
            wrong.append("FRONTDESK_SECRET_KEYS holds no key; set at least one (for example `openssl rand -hex 32`)")
        if any(len(key) < 32 for key in self.keyring):
            wrong.append("FRONTDESK_SECRET_KEYS: each key needs at least 32 characters")
        if wrong:
            raise SettingsError("\n".join(wrong))

    @property
    def keyring(self) -> tuple[bytes, ...]:
        """Secret keys, newest first: the first signs and encrypts, all of them verify and decrypt."""
        return tuple(key.strip().encode() for key in self.secret_keys.split(",") if key.strip())

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        return tuple(secret.strip() for secret in self.stripe_webhook_secret.split(",") if secret.strip())


_SANDBOX_DEFAULTS = {
    "rate_limit_reads": "60000/minute",
    "rate_limit_writes": "6000/minute",
    "rate_limit_sign_in": "600/minute",
    "stripe_url": "{own}/sandbox/stripe",
    "stripe_secret_key": SANDBOX_STRIPE_KEY,
    "stripe_publishable_key": "pk_test_sandbox",
    "stripe_webhook_secret": SANDBOX_STRIPE_WEBHOOK_SECRET,
    "twilio_url": "{own}/sandbox/twilio",
    "twilio_account_sid": SANDBOX_TWILIO_SID,
    "twilio_auth_token": SANDBOX_TWILIO_TOKEN,
    "twilio_from": "+15005550006",
    "smtp_url": "smtp://{host}:{smtp_port}",
    "mail_from": "Frontdesk demo <visits@demo.test>",
    "zoom_url": "{own}/sandbox/zoom",
    "zoom_account_id": "sandbox-account",
    "zoom_client_id": "sandbox-client",
    "zoom_client_secret": SANDBOX_ZOOM_SECRET,
}

_LIVE_DEFAULTS = {
    "rate_limit_reads": "1200/minute",
    "rate_limit_writes": "30/minute",
    "rate_limit_sign_in": "10/minute",
    "stripe_url": "https://api.stripe.com",
    "twilio_url": "https://api.twilio.com",
    "zoom_url": "https://api.zoom.us",
}

_NEEDED_LIVE = (
    "database_url",
    "redis_url",
    "stripe_secret_key",
    "stripe_publishable_key",
    "stripe_webhook_secret",
    "twilio_account_sid",
    "twilio_auth_token",
    "twilio_from",
    "smtp_url",
    "mail_from",
    "zoom_account_id",
    "zoom_client_id",
    "zoom_client_secret",
)


def _wrong_in_live(settings: Settings) -> list[str]:
    names = {item.name: item.metadata["name"] for item in fields(settings)}
    wrong = [f"{names[name]} is not set; live mode needs it" for name in _NEEDED_LIVE if not getattr(settings, name)]
    if DEMO_SECRET_KEY in settings.secret_keys:
        wrong.append("FRONTDESK_SECRET_KEYS is the demo's key; set your own (for example `openssl rand -hex 32`)")
    if not settings.public_url.startswith("https://"):
        wrong.append("FRONTDESK_PUBLIC_URL must be the https address that patients reach")
    demo = {
        SANDBOX_STRIPE_KEY,
        SANDBOX_STRIPE_WEBHOOK_SECRET,
        SANDBOX_TWILIO_SID,
        SANDBOX_TWILIO_TOKEN,
        SANDBOX_ZOOM_SECRET,
    }
    for name in _NEEDED_LIVE:
        if getattr(settings, name) in demo:
            wrong.append(f"{names[name]} is the sandbox's; set the vendor's own")
    if settings.stripe_secret_key.startswith("sk_test_"):
        wrong.append("FRONTDESK_STRIPE_SECRET_KEY is a test key; live mode needs a live one")
    for name in ("stripe_url", "twilio_url", "zoom_url"):
        if "/sandbox/" in getattr(settings, name):
            wrong.append(f"{names[name]} points to the sandbox; unset it in live mode")
    return wrong


def _wrong_in_sandbox(settings: Settings) -> list[str]:
    wrong = []
    if settings.stripe_secret_key.startswith(("sk_live_", "rk_live_")):
        wrong.append("FRONTDESK_STRIPE_SECRET_KEY is a live key; the sandbox refuses it (set FRONTDESK_MODE=live)")
    if settings.stripe_publishable_key.startswith("pk_live_"):
        wrong.append("FRONTDESK_STRIPE_PUBLISHABLE_KEY is a live key; the sandbox refuses it")
    return wrong


def _parsed(name: str, default: object, text: str) -> object:
    try:
        if isinstance(default, Mode):
            return Mode(text)
        if isinstance(default, int):
            return int(text)
        if isinstance(default, Path):
            return Path(text)
        if name.endswith("_URL") and not urlsplit(text).scheme:
            raise ValueError
    except ValueError:
        raise SettingsError(f"{name}={text!r} cannot be read; see the settings in the README") from None
    return text
