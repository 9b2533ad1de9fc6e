"""The widget's files over HTTP: the loader, and everything the page loads, under an address that names their content.

Nothing here is about a clinic or a visit. The address of a file changes with any file, so browsers keep it for good.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath

WIDGET = Path(__file__).resolve().parents[2] / "booking_widget"
BUNDLE = WIDGET / "page.bundle.js"
ENTRY = "page/main.js"

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
}


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    media_type: str
    etag: str


@cache
def _files() -> dict[str, File]:
    found = [WIDGET / "embed.js", WIDGET / "page.css", *sorted(WIDGET.glob("fonts/*"))]
    files = {path.relative_to(WIDGET).as_posix(): _file(path) for path in found}
    if bundle_is_current():
        return files | {ENTRY: _file(BUNDLE)}
    return files | {path.relative_to(WIDGET).as_posix(): _file(path) for path in modules()}


def _file(path: Path) -> File:
    content = path.read_bytes()
    return File(content, _TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:24]}"')


def modules() -> list[Path]:
    """The page's modules as they are written."""
    return sorted(WIDGET.glob("page/*.js"))


def bundle_mark() -> bytes:
    """The first line of a bundle made of the modules as they are now."""
    digest = hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in modules()))
    return f"/* made of page/*.js by `make widget`: {digest.hexdigest()[:24]} */\n".encode()


def bundle_is_current() -> bool:
    """Whether the committed bundle is that of these modules; while somebody edits them, they are served themselves."""
    return BUNDLE.is_file() and BUNDLE.read_bytes().startswith(bundle_mark())


@cache
def files_address() -> str:
    """`/widget/<version>`: the version is a digest of every file."""
    digest = hashlib.sha256("".join(f"{name}{file.etag}" for name, file in _files().items()).encode())
    return f"/widget/{digest.hexdigest()[:12]}"


@cache
def page_modules() -> list[str]:
    """The page's modules apart from its entry, to be fetched along with it instead of one after the other."""
    names = [name.removeprefix("page/") for name in _files() if name.startswith("page/")]
    return [name for name in names if name != ENTRY.removeprefix("page/")]


@get("/embed.js", include_in_schema=False)
async def loader(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Fetched by clinics' websites as a module, hence from other origins."""
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return _answer(
        request,
        "embed.js",
        headers | {"Cache-Control": "public, max-age=300, stale-while-revalidate=86400"},
    )


@get("/widget/{version:str}/{name:path}", include_in_schema=False)
async def widget_file(request: Request[Any, Any, Any], version: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A page from before a deployment asks for an old version: it gets today's file, which it must not keep."""
    current = f"/widget/{version}" == files_address()
    return _answer(
        request,
        str(name).lstrip("/"),
        {"Cache-Control": "public, max-age=31536000, immutable" if current else "no-cache"},
    )


def _answer(request: Request[Any, Any, Any], name: str, headers: dict[str, str]) -> Response[bytes]:
    file = _files().get(name)
    if file is None:
        return Response(b"", status_code=404, media_type="text/plain")
    headers |= {"ETag": file.etag, "X-Content-Type-Options": "nosniff"}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=file.media_type)
    return Response(file.content, media_type=file.media_type, headers=headers)


file_handlers = [loader, widget_file]
