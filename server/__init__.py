"""The server: it owns the database, the money and the message queue. The map of its rooms is in the README."""
