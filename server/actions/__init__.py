"""Do: one verb each. An action opens the unit of work, asks the domain, writes rows, records events.

The only code that writes. Vendors are called between units of work, never inside one.
"""
