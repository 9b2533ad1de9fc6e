"""Reading a small HTML form strictly: text fields only, known names only, nothing that a database refuses."""

from typing import Any
from urllib.parse import parse_qsl

from litestar import Request


class FormError(Exception):
    """The sentence for the person who sent it; `field` when one is to blame."""

    def __init__(self, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


async def fields_of(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The fields of an urlencoded form. Raises FormError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise FormError("Send a form (application/x-www-form-urlencoded).")
    return parsed(await request.body())


def parsed(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=100)
    except (UnicodeDecodeError, ValueError):
        raise FormError("The form cannot be read.") from None
    for name, value in pairs:
        if "\x00" in name or "\x00" in value:
            raise FormError("A field contains a character that no text has.", name.replace("\x00", ""))
    return dict(pairs)
