"""The demo's patients: four hundred names from many places, their addresses and numbers, and a few with trouble.

Addresses are under the reserved example domains. American numbers are from the block kept for fiction; the British
block for fiction is not a valid one to the library that checks what people type, so those are from an example's range.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from server.demo_data.chance import chance

COUNT = 400
_AT_HARBOR = 220
_DOMAINS = ("example.com", "example.org", "example.net")
_AREA_CODES = (212, 347, 646, 917, 929, 201, 551, 914, 516)
_FOLDED = str.maketrans({"ł": "l", "ø": "o", "ß": "ss", "ı": "i", "đ": "d", "æ": "ae", "'": None, "’": None})


class Trouble(StrEnum):
    """Why messages to somebody do not arrive; the values are the vendors' codes."""

    LANDLINE = "21614"
    STOPPED = "21610"
    NO_MAILBOX = "550"


@dataclass(frozen=True, slots=True)
class Person:
    """A patient. Without `email` they book by phone; `time_zone` is set for those who live elsewhere."""

    key: int
    first_name: str
    last_name: str
    email: str | None
    mobile: str
    home: str
    language: str
    time_zone: str | None
    trouble: Trouble | None


_Names = tuple[str, str, str]
"""First names and last names (comma-separated), and the language in which they like to read."""

_EVERYWHERE: tuple[_Names, ...] = (
    (
        "Amara,Chidi,Ngozi,Tunde,Ifeoma,Kwame,Abena,Folake,Emeka,Zainab",
        "Okonkwo,Adeyemi,Mensah,N'Diaye,Balogun,Eze,Owusu,Diallo",
        "en",
    ),
    (
        "Priyanka,Arjun,Meera,Rohan,Anjali,Vikram,Kavya,Imran,Sana,Dev",
        "Sharma,Patel,Iyer,Chaudhry,Banerjee,Rao,Khan,Singh-Gill",
        "en",
    ),
    (
        "Zofia,Paweł,Agnieszka,Łukasz,Ondřej,Božena,Jiří,Małgorzata,Tomáš,Kasia",
        "Wójcik,Dvořák,Kowalczyk,Łuczak,Krčmář,Żak,Sikora,Mazur",
        "en",
    ),
    (
        "Søren,Åsa,Björn,Ingrid,Jürgen,Käthe,Matti,Annika,Lars,Élise",
        "Sørensen,Åkesson,Groß,Müller-Lüdenscheid,Lindqvist,Virtanen,Bergström,Weiß",
        "en",
    ),
    (
        "Leïla,Yusuf,Noor,Karim,Ayşe,Çağlar,Samira,Omar,Gülşen,Tariq",
        "Al-Masri,Yıldız,Haddad,Öztürk,Benali,El Amrani,Şahin,Rahimi",
        "en",
    ),
    (
        "Jean-Luc,Chloé,Anne-Marie,Benoît,Mélanie,Théo,Zoë,François,Hélène,Gaël",
        "Lefèvre,D'Aubigny,Côté,Saint-Pierre,Moreau,Béranger,Toussaint,Guérin",
        "en",
    ),
)
_HARBOR: tuple[_Names, ...] = (
    (
        "José,María José,Íñigo,Ximena,Ángel,Lucía,Joaquín,Beatriz,Andrés,Noemí",
        "García Márquez,Nuñez,Ibáñez,de la Cruz,Rodríguez,Peña,Zúñiga,Ortiz-Vega",
        "es",
    ),
    (
        "Grace,Ethan,Olivia,Marcus,Hannah,Tyrone,Mary Kate,Caleb,Jasmine,Walter",
        "Johnson,Washington,O'Donnell,Baker,Freeman,Miller-Hayes,Carter,Brooks",
        "en",
    ),
    (
        "Wei,Mei-Ling,Jun,Hye-jin,Minh,Thảo,Kenji,Yuki,Xiu,Sung-ho",
        "Chen,Nguyễn,Kim,Park,Watanabe,Lâm,Zhang,Ōtani",
        "en",
    ),
    (
        "Gianna,Rocco,Paolo,Miriam,Dmitri,Shoshana,Lev,Carmela,Sal,Rivka",
        "D'Angelo,Rosenthal,Esposito,Goldfarb,Petrov,Dell'Acqua,Katz,Romano",
        "en",
    ),
)
_LAKESIDE: tuple[_Names, ...] = (
    (
        "Alice,Harry,Imogen,Rupert,Poppy,Alfie,Mary-Ann,Giles,Beatrix,Stanley",
        "Smith,Fairweather,Ashworth,Featherstone-Haugh,Clarke,Hughes,Pemberton,Wood",
        "en",
    ),
    (
        "Siân,Rhys,Cerys,Gwilym,Niamh,Seán,Aoife,Caoimhe,Hamish,Mairéad",
        "Llewellyn,O'Brien,MacLeod,Ó Briain,Griffiths,McAllister,ap Rhys,Fitzgerald",
        "en",
    ),
    (
        "João,Inês,Luísa,Tiago,Conceição,Nuno,Fátima,Gonçalo,Beatriz,Rui",
        "Araújo,Simões,Gonçalves,da Silva,Magalhães,Falcão,Brandão,Conceição",
        "en",
    ),
)
_FAMILIES = (
    # Everybody of a family has one address and one number: a contact is not a person.
    ("harbor", "Marchetti", ("Giulia", "Marco", "Elena", "Nico")),
    ("lakeside", "Blackwood-Osei", ("Thomas", "Esi", "Kofi")),
)
_ELSEWHERE = {
    "harbor": ("America/Chicago", "America/Los_Angeles", "Europe/Madrid"),
    "lakeside": ("Europe/Lisbon", "Europe/Berlin", "Asia/Dubai"),
}


def everybody(seed: int) -> list[Person]:
    """The four hundred, families first."""
    people: list[Person] = []
    numbers = {"harbor": _american(), "lakeside": _british()}
    addresses: set[str] = set()
    for home, last_name, first_names in _FAMILIES:
        email, mobile = f"{_ascii(last_name)}.family@example.com", next(numbers[home])
        for first_name in first_names:
            people.append(_person(seed, len(people), (first_name, last_name, "en"), home, email, mobile))
    for home, count in (("harbor", _AT_HARBOR), ("lakeside", COUNT)):
        draw = chance(seed, "names", home)
        for names in _distinct(home, count - len(people), draw, people):
            email = _address(names, addresses, draw)
            people.append(_person(seed, len(people), names, home, email, next(numbers[home])))
    return people


def _distinct(home: str, count: int, draw: Random, others: list[Person]) -> list[_Names]:
    """So many different (first name, last name, language), equally from all groups of that place, none of `others`."""
    taken = {(person.first_name, person.last_name) for person in others}
    groups = _EVERYWHERE + (_HARBOR if home == "harbor" else _LAKESIDE) * 2
    found: dict[tuple[str, str], str] = {}
    while len(found) < count:
        first_names, last_names, language = groups[len(found) % len(groups)]
        name = draw.choice(first_names.split(",")), draw.choice(last_names.split(","))
        if name not in taken:
            found[name] = language
    return [(first_name, last_name, language) for (first_name, last_name), language in found.items()]


def _person(seed: int, key: int, names: _Names, home: str, email: str, mobile: str) -> Person:
    draw = chance(seed, "person", key)
    by_phone_only = draw.random() < 0.06
    elsewhere = draw.choice(_ELSEWHERE[home]) if draw.random() < 0.12 else None
    trouble = {60: Trouble.LANDLINE, 130: Trouble.STOPPED, 270: Trouble.LANDLINE, 310: Trouble.NO_MAILBOX}.get(key)
    return Person(
        key=key,
        first_name=names[0],
        last_name=names[1],
        email=None if by_phone_only and trouble is None else email,
        mobile=mobile,
        home=home,
        language=names[2],
        time_zone=elsewhere,
        trouble=trouble,
    )


def _address(names: _Names, taken: set[str], draw: Random) -> str:
    first_name, last_name, _ = names
    plain = f"{_ascii(first_name)}.{_ascii(last_name)}"
    address = f"{plain}@{draw.choice(_DOMAINS)}"
    while address in taken:
        address = f"{plain}{draw.randrange(2, 99)}@{draw.choice(_DOMAINS)}"
    taken.add(address)
    return address


def _ascii(name: str) -> str:
    """The letters that a mailbox would be given: `Jürgen` → `jurgen`."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_FOLDED))
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())


def _american() -> Iterator[str]:
    return (f"+1{area}55501{number:02}" for number in range(100) for area in _AREA_CODES)


def _british() -> Iterator[str]:
    return (f"+4479111{number}" for number in range(23000, 24000))
