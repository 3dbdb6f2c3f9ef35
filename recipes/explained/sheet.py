"""A picture as SVG files of their own, for wide and narrow screens, in light and dark."""

from tf_lpdistill import files
from tf_lpdistill.report.markup import tag
from tf_lpdistill.report.png import data_uri
from tf_lpdistill.report.style import CHARTS

WIDE, NARROW = 680, 340
"""Widths in CSS pixels: the column of a page on a desktop, and a phone."""

# A file of its own has a ground of its own: readable on whatever page it stands.
_STYLE = (
    CHARTS
    + """
svg{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.paper{fill:var(--paper)}
.pixels{image-rendering:pixelated}
.far{opacity:.4}
.bar{fill:var(--color);fill-opacity:.3}
.zone{fill:var(--accent);opacity:.12}
.glyph{fill:var(--color);font-size:10px;text-anchor:middle;font-weight:600}
"""
)


def write(folder, name, draw, label):
    """Writes NAME.svg and NAME_narrow.svg, each whole or not at all.

    Args:
        folder: `pathlib.Path`.
        name: of the picture.
        draw: function of the width in pixels that returns (height, children).
        label: what the picture shows, for those who do not see it.
    """
    for width, suffix in ((WIDE, ""), (NARROW, "_narrow")):
        height, children = draw(width)
        files.write_text(folder / f"{name}{suffix}.svg", document(width, height, children, label))


def document(width, height, children, label):
    """The text of an SVG file of width x height pixels."""
    drawing = tag(
        "svg",
        tag("title", label),
        tag("style", _STYLE),
        tag("rect", width="100%", height="100%", class_="paper"),
        children,
        xmlns="http://www.w3.org/2000/svg",
        width=width,
        height=height,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
    )
    return f"{drawing}\n"


def image(x, y, side, pixels, class_="pixels"):
    """A small image, uint8 (height, width, 1 or 3), with its upper left corner at (x, y)."""
    return tag(
        "image",
        href=data_uri(pixels),
        x=float(x),
        y=float(y),
        width=float(side),
        height=float(side),
        class_=class_,
    )
