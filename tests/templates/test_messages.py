"""Every message that can be sent, in every situation it is sent in: complete, readable, and safe to open."""

import re
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest

import server.templates
from server.domain.outreach import AUDIENCES
from server.templates.render import Rendered, render, template_name
from server.templates.values import VisitValues
from shared.schemas.enums import Audience, Channel, MessageKind
from tests.templates.factories import LINKS, VISIT, in_person, some_values

TEMPLATES = Path(server.templates.__file__).parent
MESSAGES = [(kind, audience) for kind, audiences in AUDIENCES.items() for audience in audiences]
EVERY = [(kind, audience, channel) for (kind, audience), channel in product(MESSAGES, Channel)]
SITUATIONS: dict[str, VisitValues] = {
    "a paid video visit": some_values(),
    "a patient in another zone": some_values(patient_time_zone="Asia/Kathmandu"),
    "a visit at the clinic, unpaid": in_person(paid_minor=0, refunded_minor=0, refunding_minor=0),
    "a clinic without address and phone": in_person(clinic_address="", clinic_phone=""),
    "no refunds at all": some_values(refund_tiers=(), refunding_minor=0),
}
PAID_ONLY = {MessageKind.REFUND, MessageKind.LATE_REFUND}


def situations(kind: MessageKind) -> list[VisitValues]:
    """Those in which the kind can be sent: without money there is no receipt for it."""
    return [values for values in SITUATIONS.values() if values.paid_minor or kind not in PAID_ONLY]


def said(kind: MessageKind, audience: Audience, channel: Channel, values: VisitValues) -> Rendered:
    return render(kind, audience, channel, "en", values)


# What exists


@pytest.mark.parametrize(("kind", "audience", "channel"), EVERY)
def test_every_message_has_its_english_template(kind: MessageKind, audience: Audience, channel: Channel) -> None:
    assert (TEMPLATES / template_name(kind, audience, channel, "en")).is_file()


def test_there_is_no_template_that_nobody_is_sent() -> None:
    wanted = {template_name(kind, audience, channel, "en") for kind, audience, channel in EVERY}

    found = {f"en/{path.name}" for path in (TEMPLATES / "en").iterdir()}

    assert found == wanted


def test_a_language_without_templates_is_answered_in_english_throughout() -> None:
    spoken = render(MessageKind.CONFIRMATION, Audience.PATIENT, Channel.EMAIL, "tlh", some_values())

    assert spoken == said(MessageKind.CONFIRMATION, Audience.PATIENT, Channel.EMAIL, some_values())
    assert '<html lang="en">' in (spoken.html or "")


# How it reads


@pytest.mark.parametrize(("kind", "audience", "channel"), EVERY)
def test_it_reads_well_in_every_situation(kind: MessageKind, audience: Audience, channel: Channel) -> None:
    for values in situations(kind):
        message = said(kind, audience, channel, values)

        for text in (message.text, message.subject or ""):
            assert "None" not in text
            assert "{" not in text
            assert "}" not in text
            assert "  " not in text, "a double space"
            assert "\n\n\n" not in text, "a gap between paragraphs"
            assert not re.search(r"\s[,.;:!?)]", text), "a space before punctuation"
            assert not re.search(r"\(\s|\(\)|\.\.(?!\.)|,,|::|,\.|\.,", text), "stray punctuation"
            assert not re.search(r"[ \t]\n|\n[ \t]", text), "a space at a line's border"
            assert not re.search(r":\n\n|:$", text), "something announced, and nothing follows"
            assert text == text.strip()


@pytest.mark.parametrize(("kind", "audience"), MESSAGES)
def test_a_mail_is_a_subject_and_the_same_sentences_twice(kind: MessageKind, audience: Audience) -> None:
    for values in situations(kind):
        mail = said(kind, audience, Channel.EMAIL, values)

        assert mail.subject
        assert "\n" not in mail.subject
        assert len(mail.subject) <= 100
        heading, *paragraphs = words_of(mail.html or "")
        assert heading == mail.subject
        assert " ".join(paragraphs) == " ".join(mail.text.split()) + f" {values.clinic_name}"


@pytest.mark.parametrize(("kind", "audience"), MESSAGES)
def test_a_text_is_one_line_without_subject_or_html(kind: MessageKind, audience: Audience) -> None:
    text = said(kind, audience, Channel.TEXT, some_values())

    assert (text.subject, text.html) == (None, None)
    assert "\n" not in text.text


@pytest.mark.parametrize(("kind", "audience", "channel"), EVERY)
def test_it_says_whose_visit_it_is_and_when(kind: MessageKind, audience: Audience, channel: Channel) -> None:
    message = said(kind, audience, channel, some_values())

    text = f"{message.subject} {message.text}"
    assert ("Mara Lindt" if audience is Audience.PROVIDER else "Riverside Clinic") in text
    # After a payment that failed or came too late, a text has to say something more urgent.
    if channel is Channel.EMAIL or kind not in {MessageKind.LATE_REFUND, MessageKind.PAYMENT_FAILED}:
        assert "Nov 25, 10:30 AM EST" in text or "November 25, 2026, 10:30 AM (Eastern Standard Time)" in text


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        (MessageKind.CONFIRMATION, LINKS.join(VISIT, 0)),
        (MessageKind.CANCELLATION, LINKS.book("riverside")),
        (MessageKind.LATE_REFUND, LINKS.book("riverside")),
        (MessageKind.PAYMENT_FAILED, LINKS.visit("riverside", VISIT, 0)),
        (MessageKind.PAY_LINK, LINKS.visit("riverside", VISIT, 0)),
    ],
)
def test_the_patient_gets_the_link_to_what_comes_next(kind: MessageKind, link: str) -> None:
    for channel in Channel:
        words = said(kind, Audience.PATIENT, channel, some_values()).text.split()

        assert link in words, "alone between spaces, so that no comma becomes part of it"


def test_patients_never_see_the_hosts_link_nor_providers_the_patients() -> None:
    ours = some_values()
    for kind, audience, channel in EVERY:
        message = said(kind, audience, channel, ours)
        everything = f"{message.subject}{message.text}{message.html}"
        if audience is Audience.PATIENT:
            assert "/host/" not in everything
        else:
            assert LINKS.token(VISIT, 0) not in everything


def test_a_visit_at_the_clinic_has_an_address_and_no_video_link() -> None:
    mail = said(MessageKind.CONFIRMATION, Audience.PATIENT, Channel.EMAIL, in_person())
    text = said(MessageKind.CONFIRMATION, Audience.PATIENT, Channel.TEXT, in_person())
    host = said(MessageKind.CONFIRMATION, Audience.PROVIDER, Channel.EMAIL, in_person())

    assert "Riverside Clinic, 1 Quay Street, New York" in mail.text
    assert "video" not in mail.text.lower()
    assert LINKS.visit("riverside", VISIT, 0) in text.text
    assert "takes place at the clinic" in host.text


@pytest.mark.parametrize("kind", [kind for kind, audience in MESSAGES if audience is Audience.PATIENT])
def test_a_patient_elsewhere_reads_the_own_time_beside_the_clinics(kind: MessageKind) -> None:
    elsewhere = some_values(patient_time_zone="Europe/London")
    same_clock = some_values(patient_time_zone="America/Toronto")

    assert "Your time: Wednesday, November 25, 2026, 3:30 PM (Greenwich Mean Time)" in said(
        kind, Audience.PATIENT, Channel.EMAIL, elsewhere
    ).text.split("\n")
    assert "Your time" not in said(kind, Audience.PATIENT, Channel.EMAIL, same_clock).text


def test_a_text_to_a_patient_elsewhere_names_both_clocks() -> None:
    for kind in (MessageKind.CONFIRMATION, MessageKind.PAY_LINK):
        near = said(kind, Audience.PATIENT, Channel.TEXT, some_values(patient_time_zone="Europe/London"))
        next_day = said(kind, Audience.PATIENT, Channel.TEXT, some_values(patient_time_zone="Australia/Lord_Howe"))

        assert "Wed, Nov 25, 10:30 AM EST (3:30 PM GMT for you)" in near.text
        assert "Wed, Nov 25, 10:30 AM EST (Thu 2:30 AM UTC+11:00 for you)" in next_day.text


@pytest.mark.parametrize("zone", ["Nowhere/City", "America", "../../etc/passwd", "zone.tab"])
def test_a_zone_that_nobody_knows_does_not_keep_a_message_from_leaving(zone: str) -> None:
    unknown = said(MessageKind.CONFIRMATION, Audience.PATIENT, Channel.EMAIL, some_values(patient_time_zone=zone))

    assert unknown == said(MessageKind.CONFIRMATION, Audience.PATIENT, Channel.EMAIL, some_values())


def test_money_is_spoken_of_only_where_there_is_some() -> None:
    unpaid = in_person(paid_minor=0, refunding_minor=0)

    assert "Paid" not in said(MessageKind.CONFIRMATION, Audience.PATIENT, Channel.EMAIL, unpaid).text
    for channel in Channel:
        assert "efund" not in said(MessageKind.CANCELLATION, Audience.PATIENT, channel, unpaid).text
        assert "$62.50" in said(MessageKind.CANCELLATION, Audience.PATIENT, channel, some_values()).text
        assert "$125.00" in said(MessageKind.LATE_REFUND, Audience.PATIENT, channel, some_values()).text


# Safe to open


HOSTILE = '<script>alert("x")</script> & <b>'


@pytest.mark.parametrize(("kind", "audience"), MESSAGES)
def test_a_hostile_name_is_shown_and_not_obeyed(kind: MessageKind, audience: Audience) -> None:
    values = some_values(
        first_name=HOSTILE, last_name=HOSTILE, provider_name=HOSTILE, service_name=HOSTILE, clinic_name=HOSTILE
    )

    mail = said(kind, audience, Channel.EMAIL, values)

    page = Page(mail.html or "")
    assert not page.tags & {"script", "b"}
    assert HOSTILE in " ".join(page.words)
    assert "&lt;" not in mail.text, "plain text is plain"


@pytest.mark.parametrize("name", ["https://evil.example/win", "www.evil.example", "evil@evil.example"])
def test_a_name_that_looks_like_an_address_becomes_no_link(name: str) -> None:
    for kind, audience in MESSAGES:
        mail = said(kind, audience, Channel.EMAIL, some_values(first_name=name, provider_name=name))

        for link in Page(mail.html or "").links:
            assert link.startswith("https://book.example.org/"), link


def test_our_own_links_can_be_clicked() -> None:
    mail = said(MessageKind.CONFIRMATION, Audience.PATIENT, Channel.EMAIL, some_values())

    assert Page(mail.html or "").links == [LINKS.join(VISIT, 0), LINKS.visit("riverside", VISIT, 0)]


@pytest.mark.parametrize("line_break", ["\u2028", "\u2029", "\x85"])
def test_no_name_can_break_a_subject_into_lines(line_break: str) -> None:
    mail = said(
        MessageKind.CONFIRMATION,
        Audience.PROVIDER,
        Channel.EMAIL,
        some_values(first_name=f"Mara{line_break}Bcc: everybody@example.org"),
    )

    assert mail.subject is not None
    assert len(mail.subject.splitlines()) == 1


class Page(HTMLParser):
    """What a reader of the mail sees, and what it could lead to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self._within: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._within.append(tag)
        self.links += [value for name, value in attrs if tag == "a" and name == "href" and value]

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if {"h1", "p", "footer"} & set(self._within) and data.strip():
            self.words.append(" ".join(data.split()))


def words_of(html: str) -> list[str]:
    return Page(html).words
