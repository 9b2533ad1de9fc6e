"""Take the README's pictures from a demo started for the purpose: the desktop, the booking page, the outbox.

Run it with `make screenshots`. The demo has a state folder of its own, which is forgotten afterwards.
"""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
PASSWORD = "frontdesk-demo"
DESKTOP = {
    "desktop-light": ("--email", "desk@demo.test", "--theme", "light"),
    "desktop-dark": ("--email", "manager@demo.test", "--theme", "dark", "--show", "chart"),
    "desktop-booking": ("--email", "desk@demo.test", "--theme", "light", "--show", "booking"),
}


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with demo() as server:
        book(server)
        for name, options in DESKTOP.items():
            picture_of_the_desktop(server, name, *options)
        pictures_of_pages(server)
    print(*sorted(str(file.relative_to(ROOT)) for file in PICTURES.glob("*.png")), sep="\n")


@contextmanager
def demo() -> Iterator[str]:
    """The address of a running demo."""
    with tempfile.TemporaryDirectory(prefix="frontdesk-") as home:
        port = free_port()
        environment = {name: value for name, value in os.environ.items() if not name.endswith("DISPLAY")}
        environment |= {"FRONTDESK_HOME": home, "FRONTDESK_PORT": str(port)}
        command = [sys.executable, "-m", "server", "demo"]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                if not any("There is no display" in line for line in process.stdout):
                    raise SystemExit("the demo did not start")
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
                process.communicate()


def free_port() -> int:
    """The first of three free ports in a row."""
    for port in range(28100, 32000, 3):
        try:
            for offset in range(3):
                socket.create_server(("127.0.0.1", port + offset)).close()
        except OSError:
            continue
        return port
    raise SystemExit("no three free ports in a row")


def book(server: str) -> None:
    """One paid booking over HTTP, so that the newest messages in the outbox are complete."""
    with httpx.Client(base_url=server, timeout=30) as client:
        clinic = ask(client, "GET", "/api/booking/harbor")
        service = next(item for item in clinic["services"] if item["price_minor"])
        days = {"service_id": service["id"], "from": date.today(), "to": date.today() + timedelta(days=14)}
        slot = ask(client, "GET", "/api/booking/harbor/slots", params=days)["slots"][0]
        wish = {"service_id": service["id"], "provider_id": slot["provider_id"], "start": slot["start"]}
        hold = ask(client, "POST", "/api/booking/harbor/holds", json=wish, headers={"Idempotency-Key": str(uuid4())})
        patient = {"first_name": "Amara", "last_name": "Okafor", "email": "amara@patients.test", "sms_consent": True}
        visit = f"/api/booking/appointments/{hold['token']}"
        ask(client, "PUT", f"{visit}/details", json={**patient, "mobile": "+1 212 555 0142"})
        step = ask(client, "POST", f"{visit}/payment", json={})
        if step["kind"] == "redirect":
            client.post(step["url"], data={"outcome": "succeed"})


def ask(client: httpx.Client, method: str, path: str, **options: Any) -> Any:
    answer = client.request(method, path, **options)
    if answer.is_error:
        raise SystemExit(f"{method} {path} answers {answer.status_code}: {answer.text}")
    return answer.json()


def picture_of_the_desktop(server: str, name: str, *options: str) -> None:
    command = [sys.executable, "-m", "desktop", "--server", server, *options]
    environment = {**os.environ, "FRONTDESK_DESKTOP_PASSWORD": PASSWORD, "QT_QPA_PLATFORM": "offscreen"}
    with tempfile.TemporaryDirectory() as settings:
        subprocess.run(
            [*command, "--screenshot", str(PICTURES / f"{name}.png")],
            check=True,
            cwd=ROOT,
            env={**environment, "XDG_CONFIG_HOME": settings},
        )


def pictures_of_pages(server: str) -> None:
    website = f"http://localhost:{int(server.rpartition(':')[2]) + 1}/"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        take(page, website, "widget-on-a-website")
        take(page, f"{server}/sandbox/outbox", "outbox")
        phone = browser.new_page(viewport={"width": 390, "height": 844}, device_scale_factor=2)
        take(phone, f"{server}/book/harbor", "widget-on-a-phone")
        browser.close()


def take(page: Page, address: str, name: str) -> None:
    page.goto(address, wait_until="networkidle")
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
