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
    positions, alphas = x(distances), batch.alpha[query]
    lanes = _lanes(positions)
    tops = [_FLOOR + 12 + _LANE * lane for lane in lanes]
    bottom = max(tops) + _LANE
    others = zip(tiles[1:], positions[1:], [*alphas, *[0.0] * _OTHERS], tops[1:], strict=True)
    return bottom + 24, [
        _frame(x, y, cut, batch.sigma),
        sheet.image(positions[0] - _TILE / 2, tops[0], _TILE, tiles[0]),
        [_other(y, *other) for other in others],
        _numbers(y, positions[1 : 1 + NEIGHBORS], alphas),
        svg.text(x.stop, bottom + 16, "distance in the teacher's features", "tick", "end"),
    ]


def _frame(x, y, cut, sigma):
    """The scale of alpha, its curve, and the distance at which the neighbours end."""
    at = np.linspace(0.0, cut, 80)
    curve = svg.curve(x(at), y(np.exp(-((at / sigma) ** 2))), "line")
    return [
        svg.text(4, 14, "alpha", "tick"),
        svg.grid(x, y, [], y.ticks(4), y_text="{:g}".format),
        svg.line(x(cut), 8, x(cut), _FLOOR, "baseline"),
        svg.text(x(cut) - 6, 16, f"{NEIGHBORS} neighbours", "tick", "end"),
        svg.text(x(cut) + 6, 16, "the others: 0", "tick"),
        tag("g", curve, class_="series-0"),
    ]


def _other(y, tile, position, alpha, top):
    """An image below its alpha; one that is no neighbour is pale."""
    marks = [
        svg.line(position, y(alpha), position, top, "leader"),
        svg.dot(position, y(alpha), 4, "dot"),
    ]
    color, kind = ("series-0", "pixels") if alpha else ("series-alone", "pixels far")
    return [
        tag("g", marks, class_=color),
        sheet.image(position - _TILE / 2, top, _TILE, tile, kind),
    ]


def _numbers(y, positions, alphas):
    """The alphas of the neighbours, moved apart where they would cover each other."""
    heights = svg.spread([float(height) for height in y(alphas)], 15, y.stop, y.start)
    return [
        svg.text(position + 8, height, f"{alpha:.2f}", "label number")
        for position, height, alpha in zip(positions, heights, alphas, strict=True)
    ]


def _lanes(positions):
    """For each image, from left to right, the first row in which it covers no other."""
    ends, lanes = [], []
    for position in positions:
        free = [lane for lane, end in enumerate(ends) if position - end > _TILE + 4]
        lanes.append(free[0] if free else len(ends))
        ends[lanes[-1] : lanes[-1] + 1] = [position]
    return lanes
