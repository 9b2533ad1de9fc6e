"""A clinic's colours as a stylesheet: its accent made readable on every ground it stands on, light and dark.

A clinic picks one accent for its brand, not for reading. It is moved towards black (light) or white (dark) just
until it reaches WCAG's 4.5 to 1; a broken value falls back to our own tokens.
"""

import re

from shared.schemas.booking import Theme

ENOUGH = 4.5
DEFAULT_ACCENT = "#0b6e6e"

_LIGHT_SURFACE, _LIGHT_PANEL, _LIGHT_TEXT = "#f4f7f7", "#ffffff", "#14201f"
_DARK_SURFACE, _DARK_PANEL, _DARK_RAISED, _DARK_TEXT = (
    "#111819",
    "#192223",
    "#1f2a2b",
    "#e6eeed",
)
_DARK_INK, _BLACK, _WHITE = "#06201f", "#000000", "#ffffff"
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two `#rrggbb` colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mended(color: str, grounds: tuple[str, ...], towards: str) -> str:
    """`color`, moved towards black or white until it reads on each of `grounds`."""
    for share in range(0, 101, 2):
        moved = _mixed(towards, color, share / 100)
        if all(contrast(moved, ground) >= ENOUGH for ground in grounds):
            return moved
    return towards


def stylesheet(theme: Theme) -> str:
    """Custom properties for light and dark. Every value was parsed here: nothing a clinic typed is echoed."""
    accent = _color(theme.accent, DEFAULT_ACCENT)
    surface = _color(theme.surface, _LIGHT_SURFACE)
    if contrast(surface, _LIGHT_TEXT) < 12:
        surface = _LIGHT_SURFACE  # a dark or loud ground would drown the muted text and the status colours
    radius = min(max(theme.radius, 0), 16)

    light_soft = _mixed(accent, _LIGHT_PANEL, 0.12)
    text = mended(_color(theme.text, _LIGHT_TEXT), (surface, _LIGHT_PANEL, light_soft), _BLACK)
    light = mended(accent, (_LIGHT_PANEL, surface, light_soft), _BLACK)
    dark_soft = _mixed(accent, _DARK_PANEL, 0.28)
    dark = mended(accent, (_DARK_RAISED, _DARK_PANEL, _DARK_SURFACE, dark_soft), _WHITE)
    return (
        f":root{{--surface:{surface};--text:{text};--radius:{radius}px;{_accents(light, light_soft, _BLACK)}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--surface:{_DARK_SURFACE};--text:{_DARK_TEXT};"
        f"{_accents(dark, dark_soft, _WHITE)}}}}}\n"
    )


def _accents(accent: str, soft: str, towards: str) -> str:
    hover = _mixed(towards, accent, 0.16)
    on_accent = max(
        (_WHITE, _DARK_INK),
        key=lambda ink: min(contrast(ink, accent), contrast(ink, hover)),
    )
    return f"--accent:{accent};--accent-hover:{hover};--on-accent:{on_accent};--accent-soft:{soft}"


def _color(value: str, default: str) -> str:
    return value.lower() if _HEX.fullmatch(value) else default


def _parts(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _mixed(color: str, ground: str, share: float) -> str:
    return "#" + "".join(
        f"{round(above * share + below * (1 - share)):02x}"
        for above, below in zip(_parts(color), _parts(ground), strict=True)
    )


def _luminance(color: str) -> float:
    linear = [
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in _parts(color)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
