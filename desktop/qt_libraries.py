"""What Qt needs from the system: notices when it is missing and says which line installs it. Imports no Qt."""

import ctypes
import os
import sys
from collections.abc import Mapping

APT_LINE = (
    "apt-get install -y --no-install-recommends libglib2.0-0 libgl1 libegl1 libxkbcommon0 libdbus-1-3 libfontconfig1"
)
APT_LINE_FOR_A_WINDOW = (
    "apt-get install -y --no-install-recommends "
    "libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0"
)
_FOR_A_WINDOW = (
    "libxkbcommon-x11.so.0",
    "libxcb-cursor.so.0",
    "libxcb-icccm.so.4",
    "libxcb-keysyms.so.1",
    "libxcb-shape.so.0",
)


def missing_to_start() -> str:
    """A sentence with the line that helps when Qt cannot be imported; "" when it can."""
    try:
        import PySide6.QtWidgets  # noqa: F401
    except ImportError as error:
        return f"Qt cannot start: {error}\nOn Debian or Ubuntu this installs what it needs:\n  {APT_LINE}"
    return ""


def missing_for_a_window(environment: Mapping[str, str] = os.environ) -> str:
    """A sentence when no window could be opened here; "" when one can, or when none is wanted (offscreen)."""
    if not sys.platform.startswith("linux") or environment.get("QT_QPA_PLATFORM"):
        return ""
    if not environment.get("DISPLAY") and not environment.get("WAYLAND_DISPLAY"):
        return "There is no display here. Start the console on a desktop, or under xvfb-run."
    if environment.get("WAYLAND_DISPLAY"):
        return ""
    # Qt would abort and blame libxcb-cursor0, whichever is missing.
    for name in _FOR_A_WINDOW:
        try:
            ctypes.CDLL(name)
        except OSError:
            return f"Qt cannot open a window: {name} is missing. This installs it:\n  {APT_LINE_FOR_A_WINDOW}"
    return ""
