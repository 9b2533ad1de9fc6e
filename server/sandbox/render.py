"""How the sandbox's pages are made: Jinja2 templates in `pages/`, in the product's own colours, without scripts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response

from shared.schemas.problems import FieldProblem, Problem

_TOKENS = Path(__file__).parents[2] / "desktop" / "tokens.json"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src 'self'; img-src data: https:; frame-src 'self'; base-uri 'none'"


def _colours() -> dict[str, dict[str, str]]:
    # A server installed without the desktop has no token file; the pages then use the browser's own colours.
    if not _TOKENS.exists():
        return {"light": {}, "dark": {}}
    tokens = json.loads(_TOKENS.read_text())
    return {name: tokens[name] for name in ("light", "dark")}


_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.globals["colours"] = _colours()


def add_filter(name: str, turn: Callable[[Any], str]) -> None:
    _pages.filters[name] = turn


def page(template: str, *, status: int = 200, **values: Any) -> Response[str]:
    return Response(
        _pages.get_template(template).render(values),
        status_code=status,
        media_type=MediaType.HTML,
        headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
    )


def problem(status: int, code: str, detail: str, *, next_step: str = "", field: str | None = None) -> Response[Problem]:
    return Response(
        Problem(
            type=f"urn:frontdesk:{code}",
            title=code.replace("_", " ").capitalize(),
            status=status,
            code=code,
            detail=detail,
            next_step=next_step,
            fields=[FieldProblem(field=field, message=detail)] if field else [],
        ),
        status_code=status,
        media_type="application/problem+json",
    )
