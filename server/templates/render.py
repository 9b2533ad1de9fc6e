"""From a message's kind, audience, channel and language to its words.

A mail is written once, as plain text whose first line is the subject; its HTML is the same sentences in a
layout, so the two never disagree. A missing value is an error, not an empty place in a sentence.
"""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound
from markupsafe import Markup, escape

from server.templates.values import VisitValues
from shared.schemas.enums import Audience, Channel, MessageKind

FALLBACK_LANGUAGE = "en"
# One character outside the GSM alphabet makes a whole text cost double; typography is not worth that.
_TYPEWRITER = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
        "\u20aa": "ILS ",
        "\u20ab": "VND ",
        "\u20b1": "PHP ",
        "\u20b9": "INR ",
        "\u20a9": "KRW ",
    }
)
_HERE = Path(__file__).parent
# Plain text, never HTML: escaping would put `&amp;` into texts. The HTML side below escapes.
_TEXT = Environment(
    loader=FileSystemLoader(_HERE),
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701 (see above)
    trim_blocks=True,
    lstrip_blocks=True,
)
_HTML = Environment(loader=FileSystemLoader(_HERE), undefined=StrictUndefined, autoescape=True)


@dataclass(frozen=True, slots=True)
class Rendered:
    """`subject` and `html` are set for e-mail only."""

    subject: str | None
    text: str
    html: str | None


def template_name(kind: MessageKind, audience: Audience, channel: Channel, language: str) -> str:
    return f"{language}/{kind.value}.{audience.value}.{channel.value}.txt"


def render(
    kind: MessageKind,
    audience: Audience,
    channel: Channel,
    language: str,
    values: VisitValues,
) -> Rendered:
    """The words of one message, in `language` or, where that has no template yet, in English."""
    try:
        template = _TEXT.get_template(template_name(kind, audience, channel, language))
        spoken = language
    except TemplateNotFound:
        template = _TEXT.get_template(template_name(kind, audience, channel, FALLBACK_LANGUAGE))
        spoken = FALLBACK_LANGUAGE
    words = values.words(spoken)
    text = template.render(words).strip()
    if channel is Channel.TEXT:
        return Rendered(None, " ".join(text.translate(_TYPEWRITER).split()), None)
    subject, _, body = text.partition("\n")
    subject = " ".join(subject.split())
    paragraphs = [part.strip() for part in body.strip().split("\n\n")]
    html = _HTML.get_template("layout.html").render(
        subject=subject,
        paragraphs=[_linked(part, values) for part in paragraphs],
        clinic=values.clinic_name,
        language=spoken,
    )
    return Rendered(subject, "\n\n".join(paragraphs), html)


def _linked(paragraph: str, values: VisitValues) -> Markup:
    """The paragraph as HTML. Only a line that is one of our own links becomes one: names can look like addresses."""
    ours = {values.visit_url, values.book_url, values.join_url, values.host_url}
    anchor = Markup('<a href="{0}">{0}</a>')
    lines = (anchor.format(line) if line in ours else escape(line) for line in paragraph.split("\n"))
    return Markup("\n").join(lines)
