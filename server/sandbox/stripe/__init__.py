"""Stripe, pretended: its API of version 2026-10-28.endive as far as a clinic's payments use it.

`routes` hears, `account` does, `objects` shapes, `wire` reads forms and writes errors as the vendor does.
"""
