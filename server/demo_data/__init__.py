"""The demo's organisation: two clinics with their people, services, and four months of visits around today.

Everything comes from a seed and the database's clock, and goes in as one transaction. Nothing here is reached by
a running server: the demo fills an empty database once, before it starts one.
"""

from server.demo_data.filling import fill, register_sample_website

__all__ = ["fill", "register_sample_website"]
