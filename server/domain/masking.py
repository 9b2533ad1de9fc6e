"""Contacts as they may be shown to whoever holds a link, or stand in a log: enough to recognise, not to reach."""


def masked_email(email: str) -> str:
    """`maria@example.org` → `m…@example.org`"""
    name, _, domain = email.partition("@")
    return f"{name[:1]}…@{domain}"


def masked_mobile(mobile: str) -> str:
    """`+14155550132` → `+1 … 32`"""
    return f"{mobile[:2]} … {mobile[-2:]}"
