"""Validation accuracy per epoch."""

from collections.abc import Sequence

import numpy as np

from tf_lpdistill.report import spoken, svg
from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.quantities import percent, percent_tick
from tf_lpdistill.report.run import Row, Run
from tf_lpdistill.report.series import OTHER, note, series

NAME = "curves"
TITLE = "Learning curves"
ABOUT = (
    "Validation accuracy after each epoch: the mean over the seeds, with a band of one standard "
    "deviation to either side."
)

_METRIC = "val_accuracy"


def render(run: Run) -> Markup | None:
    """Returns the chart, or `None` when the history has no validation accuracy."""
    if run.history is None:
        return None
    spreads = spreads_of(run, run.rows, _METRIC)
    if not spreads:
        return None
    colors = series(run)
    # Grey lines first: they must not cover a coloured one.
    spreads.sort(key=lambda item: colors[item[0].key] != OTHER)
    explained = note(run, "are drawn in grey")
    return join(
        svg.responsive(lambda width: _draw(spreads, colors, width), _finding(spreads)),
        _spoken(spreads),
        tag("p", explained, class_="note") if explained else None,
    )


def _finding(spreads):
    """Where the curves end, in words."""
    ends = sorted(
        ((float(mean[measured(mean)[-1]]), row.name) for row, (mean, _, _) in spreads), reverse=True
    )
    epochs = max(len(mean) for _, (mean, _, _) in spreads)
    (best, first), (worst, last) = ends[0], ends[-1]
    text = f"Validation accuracy over {epochs} epochs: {first} ends highest, at {percent(best)}"
    return f"{text}; {last} lowest, at {percent(worst)}." if len(ends) > 1 else f"{text}."


def _spoken(spreads):
    rows = []
    for row, (mean, _, _) in spreads:
        seen, top = measured(mean), int(np.nanargmax(mean))
        values = (percent(float(mean[epoch])) for epoch in (seen[0], seen[-1], top))
        rows.append((row.name, *values, top + 1))
    heads = ("Method", "First", "Last", "Highest", "In epoch")
    return spoken.table("Validation accuracy, mean over the seeds", heads, rows)


def spreads_of(
    run: Run, rows: Sequence[Row], metric: str
) -> list[tuple[Row, tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """Returns [(row, (mean, low, high))] for those of the rows that have this metric."""
    curves = run.history.curves
    known = [row for row in rows if row.key in curves and metric in curves[row.key]]
    spreads = [(row, mean_and_band(curves[row.key][metric])) for row in known]
    return [(row, bands) for row, bands in spreads if np.isfinite(bands[0]).any()]


def mean_and_band(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns (mean, low, high) over the seeds, each of shape (epochs,).

    Args:
        values: float array of shape (seeds, epochs); NaN where nothing was measured.

    Returns:
        The mean over the seeds that have a value (NaN where none has), and the mean less and
        plus one sample standard deviation (NaN where fewer than two have).
    """
    known = np.isfinite(values)
    number = known.sum(axis=0)
    filled = np.where(known, values, 0.0)
    mean = np.where(number > 0, filled.sum(axis=0) / np.maximum(number, 1), np.nan)
    squares = np.where(known, (filled - np.where(number > 0, mean, 0.0)) ** 2, 0.0).sum(axis=0)
    sd = np.where(number > 1, np.sqrt(squares / np.maximum(number - 1, 1)), np.nan)
    return mean, mean - sd, mean + sd


def measured(mean: np.ndarray) -> np.ndarray:
    """Returns the indices of the epochs with a value: a run may validate every few epochs."""
    return np.flatnonzero(np.isfinite(mean))


def _draw(spreads, colors, width):
    narrow = width < svg.WIDE
    height, left = (310, 38) if narrow else (400, 48)
    named = [item for item in spreads if colors[item[0].key] != OTHER]
    right = width - min(max(svg.width_of(row.name for row, _ in named) + 20, 96), 0.38 * width)
    epochs = max(len(mean) for _, (mean, _, _) in spreads)
    x = svg.Scale(1, max(epochs, 2), left, right)
    y = svg.Scale(*_ends(spreads), height - 46, 8)
    x_ticks = [v for v in x.ticks(4 if narrow else 6) if v == int(v) and v >= 1]
    marks = [svg.grid(x, y, x_ticks, y.ticks(6), x_text=lambda v: f"{v:g}", y_text=percent_tick)]
    marks.append(svg.text((left + right) / 2, height - 6, "epoch", "tick", "middle"))
    shapes = []
    for row, (mean, low, high) in spreads:
        seen = measured(mean)
        at = x(seen + 1)
        coloured = colors[row.key] != OTHER
        drawn = (
            svg.band(at, y(low[seen]), y(high[seen]), "band") if coloured else None,
            svg.curve(at, y(mean[seen]), "line"),
        )
        shapes.append(svg.tag("g", drawn, class_=colors[row.key]))
    marks.append(svg.clip(x, y, shapes))
    return height, [marks, _names(named, colors, x, y, int((width - right - 16) / 7))]


def _ends(spreads):
    """The accuracies shown: from the 20th percentile of the curves, so that the first epochs do
    not squeeze the rest, to the highest of the bands."""
    means = np.concatenate([mean[np.isfinite(mean)] for _, (mean, _, _) in spreads])
    highs = np.concatenate([high[np.isfinite(high)] for _, (_, _, high) in spreads])
    high = min(1.0, max(np.max(means), np.max(highs, initial=0.0)))
    low = min(np.quantile(means, 0.2), high - 0.01)
    return max(0.0, low - 0.05 * (high - low)), high + 0.02 * (high - low)


def _names(spreads, colors, x, y, most):
    """The names at the ends of the curves, moved apart, a thin line to each."""
    ends = []
    for row, (mean, _, _) in spreads:
        last = measured(mean)[-1]
        ends.append((row, float(x(last + 1)), float(y(max(mean[last], y.low)))))
    placed = svg.spread([at for _, _, at in ends], 17, y.stop + 6, y.start - 6)
    marks = []
    for (row, end, at), label_y in zip(ends, placed, strict=True):
        leader = svg.line(end + 2, at, x.stop + 12, label_y, "leader")
        name = svg.text(x.stop + 15, label_y + 4, svg.short(row.name, most), "label colored")
        marks.append(svg.tag("g", leader, name, class_=colors[row.key]))
    return marks
