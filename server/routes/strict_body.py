"""How a JSON body is read: into its struct at once, so that types are not bent to fit.

The framework decodes to plain values first and converts those leniently: "1" would pass for a number, "true" for a
consent, a number for an instant.
"""

from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException

from server.domain.errors import DomainError


class UnsupportedMediaTypeError(DomainError):
    code = "unsupported_media_type"
    detail = "The body is not sent as JSON."
    next_step = "Send it with the header `Content-Type: application/json`."


class StrictRequest(Request[Any, Any, Any]):
    """A request whose JSON is decoded by the handler's own struct."""

    async def json(self) -> Any:
        """The handler's `data`. Raises UnsupportedMediaTypeError, ValidationException naming the field, or what
        `errors.on_unreadable` answers to."""
        kind = self.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise UnsupportedMediaTypeError
        field = self.route_handler.parsed_fn_signature.parameters.get("data")
        try:
            return msgspec.json.decode(await self.body(), type=Any if field is None else field.annotation)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `")
            name = path.rstrip("`").removeprefix("$.")
            raise ValidationException(
                extra=[{"key": "" if name.startswith("$") else name, "message": message}]
            ) from error
