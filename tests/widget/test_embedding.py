"""The page inside a clinic's website on another site: it books there, tells its host little, and shows it nothing."""

import re

import httpx
from playwright.async_api import expect

from tests.house import House
from tests.organisation import at
from tests.widget.conftest import OpenPage
from tests.widget.patient import appointments, choose, give_details, heading, press_outcome

LISTEN = """
window.heard = [];
for (const name of ['step', 'booked']) {
  addEventListener(`frontdesk:${name}`, (event) => heard.push([name, event.detail]));
}
addEventListener('message', (event) => (window.letters ??= []).push(event.data));
"""


async def test_a_patient_books_on_the_clinics_own_website(house: House, open_page: OpenPage, website: str) -> None:
    host = await open_page()
    await host.add_init_script(LISTEN)
    await host.goto(website)
    frame = host.frame_locator("iframe")

    await choose(frame)
    await give_details(frame)
    await press_outcome(frame, "succeed")
    await expect(heading(frame, "Your visit is booked")).to_be_visible()

    heard = await host.evaluate("heard")
    assert ["booked", {}] in heard
    assert [detail["step"] for name, detail in heard if name == "step"] == [
        "pick",
        "details",
        "pay",
        "confirming",
        "done",
    ]
    told = str(heard) + str(await host.evaluate("letters"))
    for secret in ("Mara", "Lindt", "mara@", "0123", "Video", "Ames"):
        assert secret not in told
    assert [row.status for row in await appointments(house)] == ["confirmed"]


async def test_the_host_page_cannot_read_what_is_typed(house: House, open_page: OpenPage, website: str) -> None:
    host = await open_page()
    await host.goto(website)
    frame = host.frame_locator("iframe")
    await choose(frame)
    await frame.get_by_label("First name").fill("Mara")

    seen = await host.evaluate(
        """() => {
            const frame = document.querySelector('iframe');
            let reached = 'nothing';
            try { reached = frame.contentWindow.document.body.innerText; } catch (error) { reached = error.name; }
            return [frame.contentDocument, reached];
        }"""
    )

    assert seen == [None, "SecurityError"]


async def test_a_reload_of_the_host_page_goes_on_where_it_was(house: House, open_page: OpenPage, website: str) -> None:
    host = await open_page()
    await host.add_init_script(LISTEN)
    await host.goto(website)
    frame = host.frame_locator("iframe")
    await choose(frame)

    await host.reload()
    await expect(heading(frame, "Your details")).to_be_visible()
    await give_details(frame)
    await press_outcome(frame, "succeed")
    await expect(heading(frame, "Your visit is booked")).to_be_visible()
    await host.reload()

    await expect(heading(frame, "Your visit is booked")).to_be_visible()
    assert ["booked", {}] not in await host.evaluate("heard")
    assert len(await appointments(house)) == 1


async def test_the_frame_is_as_high_as_its_page(house: House, open_page: OpenPage, website: str) -> None:
    host = await open_page()
    await host.goto(website)
    frame = host.frame_locator("iframe")
    await choose(frame)

    await expect(host.locator("iframe")).to_have_attribute("style", re.compile("height: "))

    inside = await frame.locator(".page").evaluate("page => Math.ceil(page.getBoundingClientRect().height)")
    await expect(host.locator("iframe")).to_have_css("height", f"{inside}px")


async def test_the_element_alone_makes_its_frame_and_resumes_by_fragment(
    house: House, open_page: OpenPage, website: str
) -> None:
    host = await open_page()
    await host.goto(website)
    frame = host.frame_locator("iframe")
    await choose(frame)
    await expect(host.locator("iframe")).to_have_attribute("style", re.compile("height: "))

    await host.evaluate(
        """() => {
            document.querySelector('frontdesk-booking').remove();
            const made = document.createElement('frontdesk-booking');
            made.setAttribute('clinic', 'quay');
            document.querySelector('#book').append(made);
        }"""
    )

    await expect(heading(frame, "Your details")).to_be_visible()
    assert "#t=" in (await host.locator("iframe").get_attribute("src") or "")


async def test_messages_from_others_move_nothing(house: House, open_page: OpenPage, website: str) -> None:
    host = await open_page()
    await host.goto(website)
    frame = host.frame_locator("iframe")
    await choose(frame)
    before = await host.locator("iframe").bounding_box()
    await frame.locator("body").evaluate("() => addEventListener('message', (event) => { window.got = event.origin; })")

    await host.evaluate("window.postMessage({ frontdesk: 'size', height: 5000 }, '*')")
    await host.evaluate("window.postMessage({ frontdesk: 'token', token: 'forged' }, '*')")
    await frame.locator("body").evaluate("() => window.postMessage({ frontdesk: 'hello', token: 'forged' }, '*')")
    await frame.locator("body").evaluate(
        "async () => { while (!window.got) await new Promise(requestAnimationFrame); }"
    )

    assert await host.locator("iframe").bounding_box() == before
    assert "forged" not in str(await host.evaluate("Object.values(sessionStorage)"))
    await expect(heading(frame, "Your details")).to_be_visible()


async def test_only_registered_websites_may_frame_the_page(house: House, website: str) -> None:
    held = (await house.hold(at(house.organised, 2, 10))).json()
    for address in ("/book/quay", f"/book/quay/visit/{held['token']}"):
        answer = await house.http.get(address)

        policy = answer.headers["content-security-policy"]
        assert f"frame-ancestors 'self' {website.rstrip('/')}" in policy
        assert "script-src 'self' https://js.stripe.com;" in policy
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers


async def test_a_website_that_is_not_registered_shows_no_page(house: House, open_page: OpenPage, website: str) -> None:
    host = await open_page(expected=("frame-ancestors", "does not match"))
    await host.goto(website.replace("localhost", "127.0.0.1"))

    await expect(host.locator("iframe")).to_be_visible()

    assert await host.frames[1].evaluate("document.querySelector('#app')") is None


async def test_the_loader_may_be_fetched_from_anywhere_and_is_checked_by_its_tag(house: House) -> None:
    first = await house.http.get("/embed.js")

    again = await house.http.get("/embed.js", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["access-control-allow-origin"] == "*"
    assert first.headers["content-type"].startswith("text/javascript")
    assert again.status_code == httpx.codes.NOT_MODIFIED


async def test_files_are_kept_for_good_under_an_address_that_names_them(house: House) -> None:
    page = await house.http.get("/book/quay")
    address = re.search(r"/widget/\w+/page/main\.js", page.text)
    assert address is not None

    current = await house.http.get(address[0])
    old = await house.http.get("/widget/000000000000/page/main.js")
    missing = await house.http.get("/widget/000000000000/../../pyproject.toml")

    assert "immutable" in current.headers["cache-control"]
    assert old.status_code == 200
    assert old.headers["cache-control"] == "no-cache"
    assert missing.status_code == 404
