"""Remember: tables, sessions and the unit of work, reads, migrations. No gateways, no actions, no rules."""
