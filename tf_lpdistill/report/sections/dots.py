"""The accuracy of every seed, so that a difference can be seen beside the scatter."""

from tf_lpdistill.report import svg
from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.quantities import percent_sd, percent_tick, points
from tf_lpdistill.report.run import ALONE, Run
from tf_lpdistill.report.series import note, series

NAME = "seeds"
TITLE = "Every seed"
_MANY = 12  # rows above which they move closer together

ABOUT = "A dot is one training run, a bar the mean."
_BASELINE = (
    "The dashed line is the mean of the student alone: what a method adds lies to its right."
)


def render(run: Run) -> Markup:
    """Returns the dot plot of the test accuracies."""
    notes = [_BASELINE if run.row(ALONE) else None, note(run, "are grey")]
    explained = " ".join(filter(None, notes))
    return join(
        svg.responsive(lambda width: _draw(run, width), _finding(run)),
        tag("p", explained, class_="note") if explained else None,
    )


def _finding(run):
    """The chosen or most accurate student, what it gains, and all means, in words."""
    text, best, alone = "Test accuracy. ", run.best, run.row(ALONE)
    if best is not None:
        text += f"{'Chosen' if best.best else 'Most accurate'}: {best.name}"
        if alone not in (None, best):
            text += f", {points(best.mean - alone.mean)} points against the student alone"
        text += ". "
    means = ", ".join(f"{row.name} {percent_sd(row.mean, row.sd)}" for row in run.rows)
    return f"{text}Means: {means}."


def _draw(run, width):
    narrow = width < svg.WIDE
    close = len(run.rows) > _MANY
    step, top = (46 if close else 58, 4) if narrow else (28 if close else 46, 8)
    names = min(max(svg.width_of(row.name for row in run.rows) + 20, 150), 0.35 * width)
    left, right = (6, width - 8) if narrow else (names, width - 130)
    most = int((width - 100 if narrow else names - 12) / 7)
    bottom = top + step * len(run.rows)
    values = [value for row in run.rows for value in row.accuracy]
    margin = 0.06 * (max(values) - min(values)) or 0.01
    x = svg.Scale(min(values) - margin, max(values) + margin, left, right)
    ticks = x.ticks(4 if narrow else 7)
    marks = [svg.line(x(v), top, x(v), bottom, "rule") for v in ticks]
    marks += [svg.text(x(v), bottom + 20, percent_tick(v), "tick", "middle") for v in ticks]
    alone = run.row(ALONE)
    if alone is not None:
        marks.append(svg.line(x(alone.mean), top, x(alone.mean), bottom, "baseline"))
    colors = series(run)
    for i, row in enumerate(run.rows):
        y = top + step * i + ((36 if close else 40) if narrow else step / 2)
        at = (left, y - 20) if narrow else (0, y + 5)
        marks.append(
            svg.text(*at, svg.short(row.name, most), "label strong" if row.best else "label")
        )
        value_y = y - 20 if narrow else y + 5
        value = percent_sd(row.mean, row.sd)
        marks.append(svg.text(width - 2, value_y, value, "label number", "end"))
        marks.append(_seeds(row, x, y, alone, colors[row.key], 4 if close else 6))
    return bottom + 30, marks


def _seeds(row, x, y, alone, color, lift):
    gain = None
    if alone is not None:
        gain = svg.line(x(alone.mean), y, x(row.mean), y, "gain")
    if len(row.accuracy) == 1:
        return svg.tag("g", gain, svg.dot(x(row.mean), y, 4, "dot"), class_=color)
    # Above, on and below the middle in turn: equal values do not hide each other.
    dots = [svg.dot(x(a), y + (i % 3 - 1) * lift, 4, "dot") for i, a in enumerate(row.accuracy)]
    mean = svg.line(x(row.mean), y - 2 * lift, x(row.mean), y + 2 * lift, "mean")
    return svg.tag("g", gain, dots, mean, class_=color)
