"""How many segments a text is billed as: GSM 03.38 when every character is in it, UCS-2 otherwise."""

from collections.abc import Iterable, Iterator

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Sent as an escape and a second septet, which are never torn apart.
EXTENDED = frozenset("\f^{}\\[~]|€")
ONE, EACH_OF_MANY = {"gsm": 160, "ucs2": 70}, {"gsm": 153, "ucs2": 67}


def alphabet(text: str) -> str:
    return "gsm" if set(text) <= GSM_7 | EXTENDED else "ucs2"


def segments(text: str) -> int:
    """Segments of `text`; a single one has more room, because nothing has to be put together again."""
    coding = alphabet(text)
    costs = list(_costs(text, coding))
    if sum(costs) <= ONE[coding]:
        return 1
    return _packed(costs, EACH_OF_MANY[coding])


def _costs(text: str, coding: str) -> Iterator[int]:
    for character in text:
        wide = character in EXTENDED if coding == "gsm" else ord(character) > 0xFFFF
        yield 2 if wide else 1


def _packed(costs: Iterable[int], room: int) -> int:
    count, left = 0, 0
    for cost in costs:
        if cost > left:
            count, left = count + 1, room
        left -= cost
    return count
