"""The one flag that keeps vendors out of transactions.

The unit of work raises it while a transaction is open; gateways refuse to start a call while it is up.
A vendor that takes thirty seconds must not hold row locks for thirty seconds, and a rollback cannot take
back a charge. It lives here because neither room may import the other.
"""

from contextvars import ContextVar

transaction_open: ContextVar[bool] = ContextVar("transaction_open", default=False)


class VendorCallInTransactionError(RuntimeError):
    """A gateway was called while a unit of work was open: a fault in our code, never in the request."""


def assert_no_open_transaction() -> None:
    if transaction_open.get():
        raise VendorCallInTransactionError("a gateway was called inside an open unit of work")
