"""Errors on the wire: RFC 9457 problem details with a stable `code`, which is what a client branches on."""

from typing import Any

from msgspec import Struct


class FieldProblem(Struct, kw_only=True, frozen=True):
    field: str
    message: str


class Problem(Struct, kw_only=True, frozen=True, omit_defaults=True):
    """`detail` is a sentence for a person, `next_step` says what to do about it.

    Lenient on purpose: a client must be able to read a problem from a newer server.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    next_step: str = ""
    fields: list[FieldProblem] = []
    alternatives: list[dict[str, Any]] = []
