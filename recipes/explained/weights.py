"""What the weight of LP does: accuracy, the loss itself, and the size of the features."""

import dataclasses

import numpy as np

from explained import sheet
from tf_lpdistill.report import svg
from tf_lpdistill.report.markup import tag

_HEIGHT, _GAP = 130, 40  # pixels of a panel, and between two
_LABEL = "Accuracy, loss, length and spread of the features over the weight gamma"


@dataclasses.dataclass(frozen=True)
class Panel:
    """A chart over gamma.

    Args:
        title: above it.
        metrics: {metric of the rows: class of its colour}.
        ends: (low, high) of the values; None for a log scale over all of them.
    """

    title: str
    metrics: dict[str, str]
    ends: tuple[float, float] | None = None

    def scale(self, rows, top):
        """The `svg.Scale` of the values, below `top`."""
        values = [row[metric] for row in rows for metric in self.metrics if row["gamma"]]
        low, high = self.ends or (0.7 * min(values), 1.4 * max(values))
        return svg.Scale(low, high, top + _HEIGHT, top, log=self.ends is None)


PANELS = (
    Panel("test accuracy %", {"accuracy": "series-0"}, (0.0, 100.0)),
    Panel("test accuracy %, the part above 90", {"accuracy": "series-0"}, (90.0, 100.0)),
    Panel("locality preserving loss", {"loss": "series-3"}),
    Panel("features: mean length and spread", {"length": "series-1", "spread": "series-2"}),
)


def draw(folder, rows):
    """Writes weights.svg of the rows of the sweep, see `pictures.sweep`."""
    sheet.write(folder, "weights", lambda width: _draw(width, rows), _LABEL)


def better(rows):
    """The weights, ascending, whose mean accuracy is above that of the student alone."""
    weights = sorted({row["gamma"] for row in rows} - {0.0})
    alone = _mean(rows, 0.0, "accuracy")
    return [weight for weight in weights if _mean(rows, weight, "accuracy") > alone]


def _draw(width, rows):
    weights = np.array(sorted({row["gamma"] for row in rows} - {0.0}))
    x = svg.Scale(weights[0] / 1.3, 1.3 * weights[-1], 52, width - 20, log=True)
    marks = []
    for i, panel in enumerate(PANELS):
        top = 28 + i * (_HEIGHT + _GAP)
        y, last = panel.scale(rows, top), panel is PANELS[-1]
        marks.append(svg.text(4, top - 10, panel.title, "strong"))
        marks.append(_zone(x, top, better(rows)))
        marks.append(svg.grid(x, y, x.ticks(6) if last else [], y.ticks(4), x_text=_text,
                              y_text=_text))  # fmt: skip
        if "accuracy" in panel.metrics:
            alone = y(_mean(rows, 0.0, "accuracy"))
            marks.append(svg.line(x.start, alone, x.stop, alone, "baseline"))
            if panel.ends[0]:  # where there is room for it
                marks.append(svg.text(x.stop, alone + 16, "student alone", "tick", "end"))
        curves = [_curve(x, y, rows, weights, *item) for item in panel.metrics.items()]
        marks.append(svg.clip(x, y, curves))
        if len(panel.metrics) > 1:
            marks += [_name(x, y, rows, weights[-1], *item) for item in panel.metrics.items()]
    marks.append(svg.text((x.start + x.stop) / 2, top + _HEIGHT + 40, "gamma", "tick", "middle"))
    return top + _HEIGHT + 50, marks


def _mean(rows, weight, metric):
    return float(np.mean([row[metric] for row in rows if row["gamma"] == weight]))


def _zone(x, top, weights):
    """The range in which LP helps."""
    if not weights:
        return None
    left, right = float(x(weights[0])), float(x(weights[-1]))
    return tag("rect", x=left, y=top, width=right - left, height=_HEIGHT, class_="zone")


def _curve(x, y, rows, weights, metric, color):
    """The means as a line, every seed as a dot."""
    means = np.array([_mean(rows, weight, metric) for weight in weights])
    dots = [svg.dot(x(r["gamma"]), y(r[metric]), 2.5, "dot") for r in rows if r["gamma"]]
    return tag("g", svg.curve(x(weights), y(means), "line"), dots, class_=color)


def _name(x, y, rows, weight, metric, color):
    above = y(_mean(rows, weight, metric)) - 10
    return tag("g", svg.text(x.stop, above, metric, "label colored", "end"), class_=color)


def _text(value):
    return f"{value:g}"
