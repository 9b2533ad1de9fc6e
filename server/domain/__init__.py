"""Decide: pure functions and values. `now` is an argument; no I/O, no await, no ORM, no framework, no random."""
