"""Double entry: what each movement of money writes. The lines of one transaction sum to zero."""

from dataclasses import dataclass
from enum import StrEnum


class Account(StrEnum):
    """`processor` holds the clinic's money at the payment service; `sales` is what patients bought (negative)."""

    PROCESSOR = "processor"
    SALES = "sales"


class EntryKind(StrEnum):
    CHARGE = "charge"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Line:
    account: Account
    amount_minor: int


def charge(amount_minor: int) -> tuple[Line, Line]:
    return Line(Account.PROCESSOR, amount_minor), Line(Account.SALES, -amount_minor)


def refund(amount_minor: int) -> tuple[Line, Line]:
    return Line(Account.PROCESSOR, -amount_minor), Line(Account.SALES, amount_minor)
