"""From a message's kind, audience, channel and language to its words.

A mail is written once, as plain text whose first line is the subject; its HTML is the same sentences in a
layout, so the two never disagree. A missing value is an error, not an empty place in a sentence.
"""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound

from server.templates.values import VisitValues
from shared.schemas.enums import Audience, Channel, MessageKind

FALLBACK_LANGUAGE = "en"
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
        return Rendered(None, " ".join(text.split()), None)
    subject, _, body = text.partition("\n")
    paragraphs = [part.strip() for part in body.strip().split("\n\n")]
    html = _HTML.get_template("layout.html").render(
        subject=subject,
        paragraphs=paragraphs,
        clinic=values.clinic_name,
        language=spoken,
    )
    return Rendered(subject.strip(), "\n\n".join(paragraphs), html)
