"""The sample clinic's website: its pages, with our address filled in, and nothing else."""

import socket
from pathlib import Path

import httpx
import pytest

from server.sample_website import sample_website


@pytest.fixture
def site(tmp_path: Path):
    """The address of a site of two files."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.html").write_text('<script src="{{booking_url}}/embed.js"></script>')
    (folder / "style.css").write_text("body {}")
    (tmp_path / "private.txt").write_text("not for the web")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with sample_website("127.0.0.1", port, "http://booking.test:1", folder):
        yield f"http://127.0.0.1:{port}"


def test_a_page_names_the_booking_server(site: str):
    answer = httpx.get(f"{site}/?from=search")

    assert answer.text == '<script src="http://booking.test:1/embed.js"></script>'
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert httpx.get(f"{site}/style.css").headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize("path", ["/missing", "/../private.txt", "/%2e%2e/private.txt", "//etc/passwd"])
def test_whatever_is_not_a_page_of_the_site_is_not_found(site: str, path: str):
    with httpx.Client(base_url=site) as client:
        answer = client.send(httpx.Request("GET", httpx.URL(site).copy_with(raw_path=path.encode())))

    assert answer.status_code == 404


def test_a_head_request_gets_no_body(site: str):
    answer = httpx.head(f"{site}/")

    assert answer.status_code == 200
    assert answer.content == b""
