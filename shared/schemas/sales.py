"""Sales figures: sums over the ledger, per currency, because amounts of two currencies have no sum."""

from datetime import date

from shared.schemas.types import MinorUnits, Wire


class SalesTotals(Wire):
    """`gross` counts charges, `refunds` settled refunds (positive), `net` is their difference.

    `paid_count` is the number of appointments with a charge in the range, `average_minor` is gross / paid_count.
    """

    currency: str
    currency_exponent: int
    gross_minor: int
    refunds_minor: int
    net_minor: int
    paid_count: int
    average_minor: MinorUnits


class SalesSummary(Wire):
    totals: list[SalesTotals]


class SalesDay(Wire):
    """One clinic-zone day of one currency. Days without money are absent."""

    day: date
    currency: str
    currency_exponent: int
    gross_minor: int
    refunds_minor: int
    net_minor: int
    paid_count: int


class SalesDays(Wire):
    days: list[SalesDay]
