"""Reach out: one file a vendor kind. A gateway knows one vendor's wire and answers in its own small types.

No database, no rules, no other gateway. Each call refuses to start while a transaction is open
(`domain.boundary`), and says one of three things when it fails: refused, unavailable, outcome unknown.
"""

import logging

# At INFO these two print whole addresses, and a look-up's address has the patient's number in it.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("stripe").setLevel(logging.WARNING)
