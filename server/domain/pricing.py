"""What a visit costs, in integer minor units of the clinic's currency, frozen when it is booked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """`total == price - discount + tax`; the database refuses anything else."""

    price_minor: int
    discount_minor: int = 0
    tax_minor: int = 0

    @property
    def total_minor(self) -> int:
        return self.price_minor - self.discount_minor + self.tax_minor


def refundable(captured_minor: int, refunded_minor: int, pending_minor: int) -> int:
    """What can still be given back: refunds on their way count as gone."""
    return max(captured_minor - refunded_minor - pending_minor, 0)
