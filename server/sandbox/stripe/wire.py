"""The vendor's wire: nested form fields in, its error bodies out. No state, no database."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_DEEPEST = 4


class Refusal(Exception):
    """An error answer. Raised before anything is written, so the transaction around it may still commit.

    `validation` says that the request never began: its idempotency key stays free.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        validation: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.validation = validation
        error = {"type": kind, "message": message, "code": code, "param": param, **more}
        self.body: dict[str, Any] = {"error": {name: value for name, value in error.items() if value is not None}}


def invalid(message: str, param: str, code: str | None = None) -> Refusal:
    return Refusal(message, param=param, code=code, validation=True)


def missing(kind: str, named: str, param: str = "id") -> Refusal:
    return Refusal(f"No such {kind}: '{named}'", status=404, code="resource_missing", param=param)


class Params:
    """Decoded fields. Each verb first names the ones it knows (`only`); any other is refused."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = dict(fields)

    def only(self, *known: str) -> "Params":
        for name in self._fields:
            if name == "payment_method_types":
                raise invalid(
                    "payment_method_types can no longer be set; use automatic_payment_methods",
                    name,
                    "payment_method_types_no_longer_supported",
                )
            if name not in known and name != "expand":
                raise invalid(f"Received unknown parameter: {name}", name, "parameter_unknown")
        return self

    def text(self, name: str, *, most: int = 5000) -> str | None:
        value = self._fields.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or len(value) > most:
            raise invalid(f"Invalid string: {name}", name, "parameter_invalid_string")
        return value

    def needed(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
        return value

    def integer(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"-?[0-9]{1,15}", value):
            raise invalid(f"Invalid integer: {value}", name, "parameter_invalid_integer")
        return int(value)

    def limit(self) -> int:
        limit = self.integer("limit")
        if limit is None:
            return 10
        if not 1 <= limit <= 100:
            raise invalid("The limit must lie between 1 and 100", "limit", "parameter_invalid_integer")
        return limit

    def flag(self, name: str) -> bool:
        value = self.text(name)
        if value not in (None, "true", "false"):
            raise invalid(f"Invalid boolean: {value}", name)
        return value == "true"

    def group(self, name: str) -> dict[str, Any]:
        value = self._fields.get(name, {})
        if not isinstance(value, dict):
            raise invalid("Invalid object", name)
        return value

    def metadata(self) -> dict[str, str]:
        values = self.group("metadata")
        if len(values) > 50 or any(not isinstance(value, str) or len(value) > 500 for value in values.values()):
            raise invalid("Metadata takes at most 50 keys of at most 500 characters", "metadata")
        return dict(values)

    def texts(self, name: str) -> list[str]:
        value = self._fields.get(name, [])
        values = list(value.values()) if isinstance(value, dict) else value
        if not isinstance(values, list) or any(not isinstance(item, str) for item in values):
            raise invalid("Invalid array", name)
        return values


def decoded(form: bytes) -> Params:
    """`metadata[payment_id]=…`, `expand[]=…`. Refuses what is no text, so nothing odd reaches the database."""
    try:
        pairs = parse_qsl(form.decode(), keep_blank_values=True, errors="strict", max_num_fields=500)
    except (UnicodeDecodeError, ValueError):
        raise Refusal("The request's fields cannot be read", validation=True) from None
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if "\x00" in name or "\x00" in value:
            raise invalid("Invalid string", name.replace("\x00", ""), "parameter_invalid_string")
        _put(fields, name, value)
    return Params(fields)


def _put(fields: dict[str, Any], name: str, value: str) -> None:
    parts = _NAME.match(name)
    inner = re.findall(r"\[([^\[\]]*)\]", parts[2]) if parts else []
    if not parts or len(inner) > _DEEPEST:
        raise invalid("Invalid parameter name", name[:100])
    path = [parts[1], *inner]
    here: Any = fields
    for step, following in zip(path, [*path[1:], None], strict=True):
        if following is None:
            if not isinstance(here, dict):
                here.append(value)
            else:
                here[step] = value
        elif following == "":
            here = here.setdefault(step, []) if isinstance(here, dict) else None
        else:
            here = here.setdefault(step, {}) if isinstance(here, dict) else None
        if following is not None and not isinstance(here, list if following == "" else dict):
            raise invalid("Invalid parameter name", name[:100])
