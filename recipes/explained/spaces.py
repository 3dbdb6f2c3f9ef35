"""The test images as points in four feature spaces, each drawn as the digit that it shows."""

import numpy as np

from explained import sheet
from tf_lpdistill.report import svg
from tf_lpdistill.report.markup import tag
from tf_lpdistill.report.projection import principal_plane, turned

_SHOWN = 200  # test images; more only cover each other
_GAP = 20
_LABEL = "Maps of the features of test images: teacher, and three students"


def draw(folder, seen):
    """Writes spaces.svg.

    Args:
        folder: where to.
        seen: {title: `evaluation.Embedded` of the test images}, the teacher's first. It has a scale
            of its own, the students share one.
    """
    titles, maps = list(seen), _planes([embedded.features[:_SHOWN] for embedded in seen.values()])
    sizes = [np.abs(points).max() for points in maps]
    reach = [sizes[0], *[max(sizes[1:])] * (len(maps) - 1)]
    labels = next(iter(seen.values())).split.labels[:_SHOWN]

    def drawing(width):
        columns = 2 if width >= sheet.WIDE else 1
        side = (width - _GAP * (columns - 1)) / columns
        figures = []
        for i, (title, points) in enumerate(zip(titles, maps, strict=True)):
            x, y = i % columns * (side + _GAP), i // columns * (side + 2 * _GAP)
            figure = _figure(side, title, seen[title], points / reach[i], labels)
            figures.append(tag("g", figure, transform=f"translate({x:g} {y:g})"))
        rows = -(-len(maps) // columns)
        return rows * (side + 2 * _GAP) - _GAP, figures

    sheet.write(folder, "spaces", drawing, _LABEL)


def _planes(features):
    """Principal planes, each turned to lie like the first."""
    planes = [principal_plane(rows)[0] for rows in features]
    return [planes[0], *(turned(points, planes[0]) for points in planes[1:])]


def _figure(side, title, embedded, points, labels):
    """A map of `side` x `side` pixels below its title; points lie in -1..1."""
    half = side / 2 - 14
    xs, ys = side / 2 + half * points[:, 0], side / 2 + 30 - half * points[:, 1]
    glyphs = [
        tag("g", [tag("text", str(label), x=float(x), y=float(y) + 3.5, class_="glyph")
                  for x, y in zip(xs[labels == label], ys[labels == label], strict=True)],
            class_=f"class-{label}")
        for label in np.unique(labels)
    ]  # fmt: skip
    accuracy = f"{embedded.accuracy:.1%} of the test images right"
    return [svg.text(8, 18, title, "strong"), svg.text(8, 36, accuracy, "tick"), glyphs]
