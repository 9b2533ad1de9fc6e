"""Read what people type as their e-mail address and mobile number, and refuse what cannot be reached."""

import re
import unicodedata

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberType

from server.domain.errors import InvalidEmailError, InvalidMobileError

# Letters (vanity numbers) and extensions parse as valid, but no text arrives there.
_PLAUSIBLE = re.compile(r"^[+\d\s().\-/\u0660-\u0669\u06f0-\u06f9]+$")
_NOT_IN_NAMES = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x80-\x84\x86-\x9f]")
_CAN_RECEIVE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def mobile_number(typed: str, country: str) -> str:
    """E.164 of a mobile number typed in national form for `country` (ISO 3166) or with its country code.

    In North America a mobile cannot be told from a landline by its number, so both pass. Raises InvalidMobileError.
    """
    if not _PLAUSIBLE.match(typed):
        raise InvalidMobileError(field="mobile")
    try:
        number = phonenumbers.parse(typed, country)
    except NumberParseException:
        raise InvalidMobileError(field="mobile") from None
    if not phonenumbers.is_valid_number(number):
        raise InvalidMobileError(field="mobile")
    if phonenumbers.number_type(number) not in _CAN_RECEIVE:
        raise InvalidMobileError("This number is a landline and cannot receive texts.", field="mobile")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email_address(typed: str) -> str:
    """The address in normal form. Only its form is checked: whether it exists, only a delivery tells.

    Raises InvalidEmailError.
    """
    try:
        # `test_environment` lets the reserved domain .test through, which demo and tests use.
        return validate_email(typed, check_deliverability=False, test_environment=True, strict=True).normalized
    except EmailNotValidError:
        raise InvalidEmailError(field="email") from None


def person_name(typed: str) -> str:
    """A name as written, in composed form (NFC, so that it is found again), without the characters that turn reading
    direction around in lists and mails, and without control characters."""
    return " ".join(_NOT_IN_NAMES.sub("", unicodedata.normalize("NFC", typed)).split())
