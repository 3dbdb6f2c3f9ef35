"""Accuracy against file size and against latency: what the phone pays for what it gets."""

import functools
import itertools
from collections.abc import Iterable

import numpy as np

from tf_lpdistill.report import spoken, svg
from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.quantities import milliseconds, percent, percent_tick, significant, size
from tf_lpdistill.report.run import Run
from tf_lpdistill.report.series import series

NAME = "sizes"
TITLE = "Accuracy and its price"
ABOUT = (
    "Each .tflite file, scored on the test images; a line joins the files of one model. A ring "
    "marks the Pareto front: what is more accurate costs more. The axes of size and time are "
    "logarithmic."
)

_LABEL_WIDTH = 52  # pixels that the name of a precision needs


def render(run: Run) -> Markup | None:
    """Returns a chart over the size and one over the latency, those that were measured."""
    charts = [
        _chart(run, "bytes", "File size", size, _kilobytes),
        _chart(run, "latency_ms", f"Time for one image on {run.hardware}", milliseconds, _time),
    ]
    charts = [chart for chart in charts if chart is not None]
    return join(charts) if charts else None


def _chart(run, price, title, words, tick):
    """Returns the chart over one price, or `None` when it tells fewer than two files apart."""
    files = [(row, _points(row, price)) for row in run.rows]
    files = [(row, points) for row, points in files if points]
    if len({point[0] for _, points in files for point in points}) < 2:
        return None
    draw = functools.partial(_draw, files, series(run), tick)
    drawing = svg.responsive(draw, f"{title} and accuracy. {_finding(files, words)}")
    table = _spoken(files, title, words)
    return tag("figure", tag("figcaption", title), drawing, table, class_="price")


def _listed(files):
    """[(name, price, accuracy, whether on the front)] of all files, by rising price."""
    best = front(point for _, points in files for point in points)
    found = [
        (f"{row.name} {precision}", paid, accuracy, (paid, accuracy) in best)
        for row, points in files
        for paid, accuracy, precision in points
    ]
    return sorted(found, key=lambda file: file[1:3])


def _finding(files, words):
    """The Pareto front, in words."""
    listed = _listed(files)
    kept = [f"{name} at {words(paid)} with {percent(a)}" for name, paid, a, on in listed if on]
    text = f"On the Pareto front, the cheapest first: {'; '.join(kept)}."
    return f"{text} Files that another one beats: {len(listed) - len(kept)}."


def _spoken(files, title, words):
    listed = _listed(files)
    rows = [(n, words(paid), percent(a), "yes" if on else "no") for n, paid, a, on in listed]
    heads = ("File", title, "Accuracy", "On the Pareto front")
    return spoken.table(f"{title} and accuracy of each file", heads, rows)


def _points(row, price):
    """Returns [(price, accuracy, precision)] of the measured files of a row, by rising price."""
    scores = [(getattr(s, price), s.accuracy, p) for p, s in (row.tflite or {}).items()]
    return sorted(point for point in scores if point[0] and point[1] is not None)


def front(points: Iterable[tuple]) -> list[tuple]:
    """Returns the points that no other beats: (price, accuracy), by rising price.

    Args:
        points: iterable of (price, accuracy, ...).
    """
    best, kept = -np.inf, []
    for paid, accuracy in sorted(((p[0], p[1]) for p in points), key=lambda p: (p[0], -p[1])):
        if accuracy > best:
            best = accuracy
            kept.append((paid, accuracy))
    return kept


def _draw(files, colors, tick, width):
    narrow = width < svg.WIDE
    height, left, right = (300, 38, width - 6) if narrow else (320, 48, width - 10)
    prices = [point[0] for _, points in files for point in points]
    values = [point[1] for _, points in files for point in points]
    room = max(values) - min(values) or 0.02
    x = svg.Scale(min(prices) / 1.35, max(prices) * 1.35, left, right, log=True)
    y = svg.Scale(min(values) - 0.1 * room, max(values) + 0.12 * room, height - 34, 24)
    marks = [svg.grid(x, y, x.ticks(4), y.ticks(5), x_text=tick, y_text=percent_tick)]
    best = front(point for _, points in files for point in points)
    for row, points in files:
        at = [(float(x(paid)), float(y(accuracy))) for paid, accuracy, _ in points]
        joints = [svg.line(*a, *b, "joint") for a, b in itertools.pairwise(at)]
        dots = [svg.dot(*a, 5, "dot") for a in at]
        rings = [svg.dot(*a, 9, "ring") for a, p in zip(at, points, strict=True) if p[:2] in best]
        marks.append(svg.tag("g", joints, dots, rings, class_=colors[row.key]))
    return height, [marks, _precisions(files, x, y), _names(files, colors, x, y)]


def _precisions(files, x, y):
    """Names the files of the most accurate model; its neighbours below are in the same order."""
    _, points = max(files, key=lambda item: max(point[1] for point in item[1]))
    marks, last = [], -np.inf
    for paid, accuracy, precision in points:
        if x(paid) - last >= _LABEL_WIDTH:
            marks.append(svg.text(x(paid), y(accuracy) - 15, precision, "label tick", "middle"))
            last = x(paid)
    return marks


def _names(files, colors, x, y):
    """Names beside the files, moved apart: to the right where there is room, or to the left.

    Where there is none, under the last file.
    """
    ends, marks = [], []
    for row, points in files:
        room = 26 + svg.width_of([_short(row)])
        first, last = ((float(x(p[0])), float(y(p[1]))) for p in (points[0], points[-1]))
        if last[0] + room < x.stop:
            ends.append((row, 1, *last))
        elif first[0] - room > x.start:
            ends.append((row, -1, *first))
        else:
            name = svg.text(x.stop, last[1] + 26, _short(row), "label colored", "end")
            marks.append(svg.tag("g", name, class_=colors[row.key]))
    placed = svg.spread([at for _, _, _, at in ends], 17, y.stop + 6, y.start - 6)
    for (row, side, end, at), label_y in zip(ends, placed, strict=True):
        leader = svg.line(end + side * 10, at, end + side * 18, label_y, "leader")
        anchor = "start" if side > 0 else "end"
        name = svg.text(end + side * 22, label_y + 4, _short(row), "label colored", anchor)
        marks.append(svg.tag("g", leader, name, class_=colors[row.key]))
    return marks


def _short(row):
    return svg.short(row.name, 24)


def _kilobytes(number):
    return f"{number / 1000:g} kB" if number < 1e6 else f"{number / 1e6:g} MB"


def _time(value):
    return f"{significant(value, 1)} ms"
