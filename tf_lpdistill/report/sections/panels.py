"""Small charts of a metric per epoch, one a metric, each on its own scale."""

from collections.abc import Mapping

import numpy as np

from tf_lpdistill.report import svg
from tf_lpdistill.report.markup import Markup, tag
from tf_lpdistill.report.quantities import significant
from tf_lpdistill.report.run import TEACHER, Run
from tf_lpdistill.report.sections.curves import measured, spreads_of
from tf_lpdistill.report.series import OTHER, series

_WIDTH, _HEIGHT = 280, 190
_LOG_FROM = 20.0  # a range of values wider than this factor is drawn on a log scale


def panels_of(
    run: Run, titles: Mapping[str, tuple[str, str | None]]
) -> tuple[Markup, list[Markup]]:
    """Returns the panels of the coloured students.

    Args:
        run: a `Run` with a history.
        titles: {metric: (title, note or None)}, in the order of the panels.

    Returns:
        `(legend, panels)`: `Markup` and a list of `Markup`, none for a metric without values.
    """
    colors = series(run)
    rows = [
        row
        for row in run.rows
        if row.key != TEACHER
        and row.key in run.history.curves
        and colors[row.key] != OTHER
        and any(np.isfinite(run.history.curves[row.key][metric]).any() for metric in titles)
    ]
    panels = [_panel(run, rows, metric, *words) for metric, words in titles.items()]
    legend = [tag("li", tag("i", class_=f"swatch {colors[r.key]}"), r.name) for r in rows]
    return tag("ul", legend, class_="legend"), [panel for panel in panels if panel is not None]


def _panel(run, rows, metric, title, note):
    bands = spreads_of(run, rows, metric)
    if not bands:
        return None
    scale = _scale(bands)
    detail = ", ".join(filter(None, [note, "log scale" if scale.log else None]))
    drawing = svg.canvas(
        _HEIGHT,
        _draw(bands, scale, series(run)),
        width=_WIDTH,
        label=f"{title} per epoch, from the first to the last: {_finding(bands)}.",
    )
    return tag(
        "figure", tag("figcaption", title, tag("small", detail) if detail else None), drawing
    )


def _finding(bands):
    """Where each curve begins and ends, in words."""
    ends = [(row.name, *mean[measured(mean)[[0, -1]]]) for row, (mean, _, _) in bands]
    return "; ".join(f"{n} {significant(a)} to {significant(b)}" for n, a, b in ends)


def _scale(bands):
    means = np.concatenate([mean[np.isfinite(mean)] for _, (mean, _, _) in bands])
    low, high = float(means.min()), float(means.max())
    log = low > 0 and high / low > _LOG_FROM
    if not log:
        low = min(low, 0.0) if low < 0.4 * high else low - 0.05 * (high - low)
    if low == high:
        low, high = low - 0.5, high + 0.5
    return svg.Scale(low, high, _HEIGHT - 28, 8, log)


def _draw(bands, y, colors):
    epochs = max(len(mean) for _, (mean, _, _) in bands)
    x = svg.Scale(1, max(epochs, 2), 44, _WIDTH - 12)
    x_ticks = [v for v in x.ticks(3) if v == int(v) and v >= 1]
    marks = [svg.grid(x, y, x_ticks, y.ticks(4), x_text=lambda v: f"{v:g}", y_text=_value)]
    shapes = []
    for row, (mean, low, high) in bands:
        seen = measured(mean)
        at = x(seen + 1)
        # A band may reach below zero, where a log scale ends.
        low = np.maximum(low, y.low) if y.log else low
        drawn = (
            svg.band(at, y(low[seen]), y(high[seen]), "band"),
            svg.curve(at, y(mean[seen]), "line"),
        )
        shapes.append(svg.tag("g", drawn, class_=colors[row.key]))
    marks.append(svg.clip(x, y, shapes))
    return marks


def _value(value):
    return significant(value, 2) if abs(value) < 0.01 else f"{value:g}"
