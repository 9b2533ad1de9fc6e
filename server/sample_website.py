"""The sample clinic's own website, served on another origin than the booking page, as a real clinic's would be."""

import mimetypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

FOLDER = Path(__file__).parent / "sandbox" / "website"
PLACEHOLDER = b"{{booking_url}}"


@contextmanager
def sample_website(host: str, port: int, booking_url: str, folder: Path = FOLDER) -> Iterator[None]:
    """Serve `folder`, with `{{booking_url}}` in it replaced, until the block ends. Raises OSError for a taken port."""
    pages = {
        f"/{file.relative_to(folder)}": file.read_bytes().replace(PLACEHOLDER, booking_url.encode())
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            name = f"{path}index.html" if path.endswith("/") else path
            content = pages.get(name)
            self.send_response(HTTPStatus.NOT_FOUND if content is None else HTTPStatus.OK)
            self.send_header("Content-Type", _content_type("x.txt" if content is None else name))
            body = b"There is no such page.\n" if content is None else content
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *arguments: object) -> None:
            return None

    with ThreadingHTTPServer((host, port), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def _content_type(name: str) -> str:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
