import re

import pytest

from tf_lpdistill.report import style
from tf_lpdistill.report.sections import mistakes

TEXT = ("ink", "muted", "accent", "wrong", "teacher", "alone", *(f"c{i}" for i in range(6)))


@pytest.mark.parametrize("scheme", ["_LIGHT", "_DARK"])
@pytest.mark.parametrize("name", TEXT)
def test_text_has_the_contrast_of_wcag_aa(scheme, name):
    colors = dict(re.findall(r"--(\w+):(#\w{6})", getattr(style, scheme)))
    assert _contrast(colors[name], colors["paper"]) >= 4.5


@pytest.mark.parametrize("scheme", ["_LIGHT", "_DARK"])
@pytest.mark.parametrize("name", [f"k{i}" for i in range(10)])
def test_the_classes_of_a_map_have_the_contrast_of_graphics(scheme, name):
    colors = dict(re.findall(r"--(\w+):(#\w{6})", getattr(style, scheme)))
    assert _contrast(colors[name], colors["paper"]) >= 3.0


@pytest.mark.parametrize("scheme", ["_LIGHT", "_DARK"])
@pytest.mark.parametrize(("name", "opacity"), [("accent", 0.3), ("wrong", mistakes.STRONGEST)])
def test_the_counts_in_a_matrix_have_the_contrast_of_text(scheme, name, opacity):
    colors = dict(re.findall(r"--(\w+):(#\w{6})", getattr(style, scheme)))
    cell = _blend(colors[name], colors["paper"], opacity)
    assert _contrast(colors["ink"], cell) >= 4.5


def test_every_color_that_is_used_is_defined_in_both_schemes():
    used = set(re.findall(r"var\(--(\w+)\)", style.STYLE)) - {"color"}
    for scheme in (style._LIGHT, style._DARK):
        assert used == set(re.findall(r"--(\w+):", scheme))


def test_braces_balance():
    assert style.STYLE.count("{") == style.STYLE.count("}")


def _contrast(color, other):
    brighter, darker = sorted((_luminance(color), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _blend(color, ground, opacity):
    pairs = ((int(color[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(opacity * c + (1 - opacity) * g):02x}" for c, g in pairs)


def _luminance(color):
    """Relative luminance of an sRGB colour, WCAG 2.1."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
