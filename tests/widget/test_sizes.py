"""What travels to a patient's phone, gzipped, against the budgets of the design; and that the scripts' types hold."""

import gzip
import json
import re
import subprocess
from pathlib import Path

from server.routes.page_files import bundle_is_current
from server.routes.page_words import known_languages, page_strings
from tests.house import House

WIDGET = Path(__file__).resolve().parents[2] / "booking_widget"
KB = 1024


def zipped(content: bytes) -> int:
    return len(gzip.compress(content, 9))


def test_the_loader_is_at_most_a_kilobyte_and_a_half() -> None:
    assert zipped((WIDGET / "embed.js").read_bytes()) <= 1.5 * KB


def test_the_bundle_is_made_of_the_modules_as_they_are() -> None:
    assert bundle_is_current(), "the page's modules have changed: run `make widget`"


async def test_the_scripts_that_a_page_loads_are_at_most_twelve_kilobytes(house: House) -> None:
    page = (await house.http.get("/book/quay")).text
    addresses = sorted(set(re.findall(r"/widget/[^\"]+\.js", page)))

    answers = [await house.http.get(address, headers={"Accept-Encoding": "gzip"}) for address in addresses]

    assert addresses
    assert sum(int(answer.headers["content-length"]) for answer in answers) <= 12 * KB


async def test_the_first_page_is_at_most_fourteen_kilobytes(house: House) -> None:
    answer = await house.http.get(f"/book/quay?service={house.organised.intro}", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text.count('name="start"') > 300, "the busiest service should fill the page"
    assert int(answer.headers["content-length"]) <= 14 * KB


def test_a_language_is_at_most_a_kilobyte_and_a_half() -> None:
    for language in known_languages():
        words = json.dumps(page_strings(language), ensure_ascii=False, separators=(",", ":"))
        assert zipped(words.encode()) <= 1.5 * KB, language


def test_the_font_is_at_most_sixty_kilobytes_and_brings_its_licence() -> None:
    assert (WIDGET / "fonts" / "inter-latin.woff2").stat().st_size <= 60 * KB
    assert "SIL Open Font License" in (WIDGET / "fonts" / "LICENSE.txt").read_text("utf-8")


def test_the_scripts_types_hold(node_modules: Path) -> None:
    checked = subprocess.run(
        [node_modules / ".bin" / "tsc", "-p", WIDGET / "tsconfig.json"], capture_output=True, text=True, check=False
    )

    assert checked.stdout == ""
    assert checked.returncode == 0
