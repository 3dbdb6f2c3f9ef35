"""Accuracy against file size: what the phone pays for what it gets."""

import itertools

import numpy as np

from tf_lpdistill.report import svg
from tf_lpdistill.report.quantities import percent, percent_tick, size
from tf_lpdistill.report.series import series

NAME = "sizes"
TITLE = "Size and accuracy"
ABOUT = (
    "Each .tflite file, scored on the test images. A line joins the files of one model; to the "
    "left is smaller. The size axis is logarithmic."
)

_LABEL_WIDTH = 52  # pixels that the name of a precision needs


def render(run):
    """Returns the chart, or `None` when fewer than two files were measured."""
    files = [
        (row, sorted((s.bytes, s.accuracy, p) for p, s in row.tflite.items() if _measured(s)))
        for row in run.rows
        if row.tflite
    ]
    files = [(row, points) for row, points in files if points]
    if len({point[0] for _, points in files for point in points}) < 2:
        return None
    label = "; ".join(
        f"{row.name} {precision}: {size(number)}, {percent(accuracy)}"
        for row, points in files
        for number, accuracy, precision in points
    )
    return svg.responsive(lambda width: _draw(files, series(run), width), label)


def _measured(score):
    return bool(score.bytes) and score.accuracy is not None


def _draw(files, colors, width):
    narrow = width < svg.WIDE
    height, left, right = (300, 38, width - 6) if narrow else (320, 48, width - 10)
    sizes = [point[0] for _, points in files for point in points]
    values = [point[1] for _, points in files for point in points]
    room = max(values) - min(values) or 0.02
    x = svg.Scale(min(sizes) / 1.35, max(sizes) * 1.35, left, right, log=True)
    y = svg.Scale(min(values) - 0.1 * room, max(values) + 0.12 * room, height - 34, 24)
    marks = [svg.grid(x, y, x.ticks(4), y.ticks(5), x_text=_kilobytes, y_text=percent_tick)]
    for row, points in files:
        at = [(float(x(number)), float(y(accuracy))) for number, accuracy, _ in points]
        joints = [svg.line(*a, *b, "joint") for a, b in itertools.pairwise(at)]
        dots = [svg.dot(*a, 5, "dot") for a in at]
        marks.append(svg.tag("g", joints, dots, class_=colors[row.key]))
    return height, [marks, _precisions(files, x, y), _names(files, colors, x, y)]


def _precisions(files, x, y):
    """Names the files of the most accurate model; its neighbours below are in the same order."""
    _, points = max(files, key=lambda item: max(point[1] for point in item[1]))
    marks, last = [], -np.inf
    for number, accuracy, precision in points:
        if x(number) - last >= _LABEL_WIDTH:
            marks.append(svg.text(x(number), y(accuracy) - 13, precision, "tick", "middle"))
            last = x(number)
    return marks


def _names(files, colors, x, y):
    """Names beside the files, moved apart: to the right where there is room, else to the left."""
    ends = []
    for row, points in files:
        rightwards = x(points[-1][0]) + 110 < x.stop
        number, accuracy, _ = points[-1 if rightwards else 0]
        ends.append((row, 1 if rightwards else -1, float(x(number)), float(y(accuracy))))
    placed = svg.spread([at for _, _, _, at in ends], 17, y.stop + 6, y.start - 6)
    marks = []
    for (row, side, end, at), label_y in zip(ends, placed, strict=True):
        leader = svg.line(end + side * 8, at, end + side * 18, label_y, "leader")
        anchor = "start" if side > 0 else "end"
        name = svg.text(end + side * 22, label_y + 4, row.name, "label colored", anchor)
        marks.append(svg.tag("g", leader, name, class_=colors[row.key]))
    return marks


def _kilobytes(number):
    return f"{number / 1000:g} kB" if number < 1e6 else f"{number / 1e6:g} MB"
