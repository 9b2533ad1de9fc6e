"""What crosses a wire between server, desktop and widget: strict msgspec structs and the enums they use.

Nothing here decides anything, and nothing here imports from `server` or `desktop`.
"""
