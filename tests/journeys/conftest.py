"""The journeys borrow the browser of the widget's tests."""

from tests.widget.conftest import chromium, chromium_program, open_page, website

__all__ = ["chromium", "chromium_program", "open_page", "website"]
