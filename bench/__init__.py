"""Measure speed, each figure beside a floor taken in the same run. `python -m bench`, or `make bench`.

What lives here: a small organisation, load over HTTP against a real `serve` process, and bare scripts that do the
same without our code. What must not: anything that a test asserts; a duration is a figure, never a condition.
"""
