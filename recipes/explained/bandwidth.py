"""Alpha over the distance for several sigma, above the distances of a real batch."""

import numpy as np

from explained import sheet
from explained.lesson import NEIGHBORS
from tf_lpdistill.report import svg
from tf_lpdistill.report.markup import tag

_HEIGHT, _BINS = 356, 36
_LABEL = "Alpha over the distance for three sigma, above the distances of a real batch"
# Share of sigma, its name, the class of its colour, and the alpha beside which the name stands.
_KERNELS = (
    (0.5, "σ / 2", "series-3", 0.22),
    (1.0, "σ", "series-0", 0.56),
    (2.0, "2 σ", "series-2", 0.74),
)
# Class of the colour, and height of the highest bar: the histograms have no scale of their own.
_NEAR, _PAIRS = ("series-1", 0.9), ("series-alone", 0.45)


def draw(folder, batch):
    """Writes bandwidth.svg of a `lesson.Batch`."""
    sheet.write(folder, "bandwidth", lambda width: _draw(width, batch), _LABEL)


def _draw(width, batch):
    near = batch.neighbor_distances().ravel()
    pairs = batch.distances()[np.triu_indices(len(batch.split), 1)]
    x = svg.Scale(0.0, float(pairs.max()), 40, width - 12)
    y = svg.Scale(0.0, 1.0, _HEIGHT - 74, 28)
    axis = svg.text(x.stop, _HEIGHT - 34, "distance in the teacher's features", "tick", "end")
    return _HEIGHT, [
        svg.text(4, 14, "alpha", "tick"),
        svg.grid(x, y, x.ticks(5), y.ticks(4), x_text="{:g}".format, y_text="{:g}".format),
        _histogram(x, y, pairs, *_PAIRS),
        _histogram(x, y, near, *_NEAR),
        [_kernel(x, y, share * batch.sigma, *look) for share, *look in _KERNELS],
        axis,
        _legend(x.start, _HEIGHT - 10),
    ]


def _histogram(x, y, values, color, top):
    """Bars whose highest reaches alpha = `top`."""
    counts, edges = np.histogram(values, _BINS, (x.low, x.high))
    tops, wide = y(top * counts / counts.max()), float(x(edges[1]) - x(edges[0]) - 1)
    bars = [
        tag("rect", x=float(left), y=float(end), width=wide, height=float(y.start - end),
            class_="bar")
        for left, end, count in zip(x(edges[:-1]), tops, counts, strict=True)
        if count
    ]  # fmt: skip
    return tag("g", bars, class_=color)


def _kernel(x, y, sigma, name, color, beside):
    """The curve of exp(-d^2 / sigma^2), with its name at the right of alpha = `beside`."""
    at = np.linspace(x.low, x.high, 120)
    line = svg.curve(x(at), y(np.exp(-((at / sigma) ** 2))), "line")
    left = x(sigma * np.sqrt(-np.log(beside))) + 6
    return tag("g", line, svg.text(left, y(beside), name, "label colored"), class_=color)


def _legend(x, y):
    marks = []
    for (color, _), name in ((_NEAR, f"to the {NEIGHBORS} neighbours"), (_PAIRS, "of all pairs")):
        marks.append(tag("rect", x=x, y=y - 10, width=12, height=12, class_=f"bar {color}"))
        marks.append(svg.text(x + 18, y, name, "tick"))
        x += 34 + svg.width_of([name])
    return marks
