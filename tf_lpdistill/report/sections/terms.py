"""The terms of the total: one small chart a term."""

import numpy as np

from tf_lpdistill.report import svg
from tf_lpdistill.report.markup import join, tag
from tf_lpdistill.report.quantities import significant
from tf_lpdistill.report.run import TEACHER
from tf_lpdistill.report.sections.curves import measured, spreads_of
from tf_lpdistill.report.series import OTHER, note, series

NAME = "terms"
TITLE = "Terms of the loss"
ABOUT = (
    "What the students minimise, per epoch, and the loss on the validation images. Terms are "
    "drawn unweighted, each on its own scale."
)

_WIDTH, _HEIGHT = 280, 190
_LOG_FROM = 20.0  # a range of values wider than this factor is drawn on a log scale
_TERMS = {
    "loss": ("Loss", "the weighted total"),
    "student_loss": ("Student loss", "on the labelled images"),
    "val_loss": ("Validation loss", None),
}


def render(run):
    """Returns the charts, or `None` without a history or a term in it."""
    if run.history is None:
        return None
    colors = series(run)
    rows = [
        row
        for row in run.rows
        if row.key != TEACHER and row.key in run.history.curves and colors[row.key] != OTHER
    ]
    panels = [_panel(run, rows, metric) for metric in run.history.metrics if _is_loss(metric)]
    panels = [panel for panel in panels if panel is not None]
    if not panels:
        return None
    legend = [tag("li", tag("i", class_=f"swatch {colors[r.key]}"), r.name) for r in rows]
    explained = note(run, "are left out here")
    return join(
        tag("ul", legend, class_="legend"),
        tag("div", panels, class_="panels"),
        tag("p", explained, class_="note") if explained else None,
    )


def _is_loss(metric):
    return "accuracy" not in metric


def _panel(run, rows, metric):
    bands = spreads_of(run, rows, metric)
    if not bands:
        return None
    title, note = _TERMS.get(metric, (metric.replace("_", " ").capitalize(), None))
    scale = _scale(bands)
    detail = ", ".join(filter(None, [note, "log scale" if scale.log else None]))
    names = ", ".join(row.name for row, _ in bands)
    drawing = svg.canvas(
        _HEIGHT,
        _draw(bands, scale, series(run)),
        width=_WIDTH,
        label=f"{title} per epoch of {names}",
    )
    return tag(
        "figure", tag("figcaption", title, tag("small", detail) if detail else None), drawing
    )


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
    x = svg.Scale(1, max(epochs, 2), 44, _WIDTH - 6)
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
