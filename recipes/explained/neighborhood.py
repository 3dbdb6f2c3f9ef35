"""One image of a batch, and the nearest others along their distance in the teacher's features."""

import numpy as np

from explained import sheet
from explained.lesson import NEIGHBORS
from tf_lpdistill.report import svg
from tf_lpdistill.report.markup import tag

_OTHERS = 4  # of the next images, which are no neighbours
_TILE = 34
_FLOOR, _LANE = 210, 40  # pixel of alpha 0; height of a row of images below it
_LABEL = "An image of a batch and the nearest others along their distance, with their alpha"


def draw(folder, batch):
    """Writes neighborhood.svg of a `lesson.Batch`: of the image whose alphas differ most."""
    query = int(np.ptp(batch.alpha, axis=1).argmax())
    distances = batch.distances()[query]
    nearest = np.argsort(distances, kind="stable")[1 : 1 + NEIGHBORS + _OTHERS]
    tiles = batch.split.images[[query, *nearest]]

    def drawing(width):
        return _draw(width, tiles, np.array([0.0, *distances[nearest]]), batch, query)

    sheet.write(folder, "neighborhood", drawing, _LABEL)


def _draw(width, tiles, distances, batch, query):
    x = svg.Scale(0.0, float(distances[-1]), 40, width - 24)
    y = svg.Scale(0.0, 1.0, _FLOOR, 34)
    cut = float(distances[NEIGHBORS : NEIGHBORS + 2].mean())
    at = np.linspace(0.0, cut, 80)
    marks = [
        svg.grid(x, y, [], y.ticks(4), y_text="{:g}".format),
        svg.text(4, 14, "alpha", "tick"),
        svg.line(x(cut), 8, x(cut), _FLOOR, "baseline"),
        svg.text(x(cut) - 6, 16, f"{NEIGHBORS} neighbours", "tick", "end"),
        svg.text(x(cut) + 6, 16, "the others: 0", "tick"),
        tag(
            "g", svg.curve(x(at), y(np.exp(-((at / batch.sigma) ** 2))), "line"), class_="series-0"
        ),
    ]
    lanes = _lanes(x(distances))
    bottom = _FLOOR + 12 + _LANE * (1 + max(lanes))
    alphas = [None, *batch.alpha[query], *[0.0] * _OTHERS]
    for tile, distance, alpha, lane in zip(tiles, x(distances), alphas, lanes, strict=True):
        top = _FLOOR + 12 + _LANE * lane
        color = "series-0" if alpha else "series-alone"
        if alpha is not None:
            marks.append(tag("g", svg.line(distance, y(alpha), distance, top, "leader"),
                             svg.dot(distance, y(alpha), 4, "dot"), class_=color))  # fmt: skip
        kind = "pixels far" if alpha == 0.0 else "pixels"
        marks.append(sheet.image(distance - _TILE / 2, top, _TILE, tile, kind))
    found = zip(x(distances[1:]), batch.alpha[query], strict=False)
    heights = svg.spread([float(y(alpha)) for alpha in batch.alpha[query]], 15, y.stop, y.start)
    for (distance, alpha), height in zip(found, heights, strict=True):
        marks.append(svg.text(distance + 8, height, f"{alpha:.2f}", "label number"))
    marks.append(svg.text(x.stop, bottom + 16, "distance in the teacher's features", "tick", "end"))
    return bottom + 24, marks


def _lanes(positions):
    """For each image, from left to right, the first row in which it covers no other."""
    ends, lanes = [], []
    for position in positions:
        free = [lane for lane, end in enumerate(ends) if position - end > _TILE + 4]
        lanes.append(free[0] if free else len(ends))
        ends[lanes[-1] : lanes[-1] + 1] = [position]
    return lanes
