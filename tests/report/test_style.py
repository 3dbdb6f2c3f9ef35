import re

import pytest

from tf_lpdistill.report import style

TEXT = ("ink", "muted", "accent", "wrong", "teacher", "alone", *(f"c{i}" for i in range(6)))


@pytest.mark.parametrize("scheme", ["_LIGHT", "_DARK"])
@pytest.mark.parametrize("name", TEXT)
def test_text_has_the_contrast_of_wcag_aa(scheme, name):
    colors = dict(re.findall(r"--(\w+):(#\w{6})", getattr(style, scheme)))
    brighter, darker = sorted((_luminance(colors[name]), _luminance(colors["paper"])), reverse=True)
    assert (brighter + 0.05) / (darker + 0.05) >= 4.5


def test_every_color_that_is_used_is_defined_in_both_schemes():
    used = set(re.findall(r"var\(--(\w+)\)", style.STYLE)) - {"color"}
    for scheme in (style._LIGHT, style._DARK):
        assert used == set(re.findall(r"--(\w+):", scheme))


def test_braces_balance():
    assert style.STYLE.count("{") == style.STYLE.count("}")


def _luminance(color):
    """Relative luminance of an sRGB colour, WCAG 2.1."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
