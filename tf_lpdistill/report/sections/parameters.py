"""Small charts of a search, one a parameter: validation accuracy against its value."""

from tf_lpdistill.report import svg
from tf_lpdistill.report.markup import Markup, tag
from tf_lpdistill.report.quantities import percent, percent_tick, significant
from tf_lpdistill.report.search import Parameter, Search

_WIDTH, _HEIGHT = 280, 200
_ROW = 40  # pixels of a choice, its name above its trials


def panel(search: Search, parameter: Parameter, ends: svg.Scale) -> Markup:
    """Returns the chart of one parameter, the best trial ringed.

    Args:
        search: the `Search`.
        parameter: one of its `Parameter`s.
        ends: a `Scale` with the ends of the accuracies.
    """
    importance = parameter.importance
    detail = None if importance is None else f"importance {percent(importance, 0)}"
    caption = tag("figcaption", parameter.title, tag("small", detail) if detail else None)
    best = value_text(search.best.settings[parameter.name])
    label = (
        f"Validation accuracy against {parameter.title}; the best trial, "
        f"{percent(search.best.accuracy)}, has {best}"
    )
    chosen = any(isinstance(trial.settings[parameter.name], str) for trial in search.judged)
    height, marks = (_choices if chosen else _numbers)(search, parameter, ends)
    return tag("figure", caption, svg.canvas(height, marks, width=_WIDTH, label=label))


def value_text(value: float | str) -> str:
    """The `value` of a parameter as text."""
    return significant(value, 2) if isinstance(value, float) else str(value)


def mark(
    x: float, y: float, edge: tuple[float | None, float | None], best: bool
) -> Markup | list[Markup]:
    """A trial: a dot, or a ring at the edge of the chart that it lies beyond; the best has both.

    Args:
        x, y: pixels.
        edge: `(x, y)` of the edge where low accuracies lie; `None` where there is none.
        best: whether it is the best trial.
    """
    at = x if edge[0] is None else max(x, edge[0]), y if edge[1] is None else min(y, edge[1])
    dot = svg.dot(*at, 4, "ring" if at != (x, y) else "dot")
    return [dot, svg.dot(*at, 8, "ring")] if best else dot


def _numbers(search, parameter, ends):
    values = [trial.settings[parameter.name] for trial in search.judged]
    low, high = min(values), max(values)
    if low == high:
        low, high = (low / 2, high * 2) if parameter.log else (low - 0.5, high + 0.5)
    x = svg.Scale(low, high, 52, _WIDTH - 14, parameter.log)
    y = svg.Scale(ends.low, ends.high, _HEIGHT - 30, 10)
    x_text = "{:g}".format
    marks = svg.grid(x, y, _ticks(x), y.ticks(4), x_text=x_text, y_text=percent_tick)
    dots = [
        mark(x(value), y(trial.accuracy), (None, y.start), trial is search.best)
        for trial, value in zip(search.judged, values, strict=True)
    ]
    return _HEIGHT, [marks, svg.tag("g", dots, class_="series-1")]


def _ticks(x):
    """Few enough ticks that their texts do not touch."""
    ticks = x.ticks(4)
    return ticks[:: -(-len(ticks) // 5)]


def _choices(search, parameter, ends):
    """A row a choice: accuracies run to the right, its name stands above."""
    names = list(dict.fromkeys(trial.settings[parameter.name] for trial in search.judged))
    bottom = 6 + _ROW * len(names)
    x = svg.Scale(ends.low, ends.high, 10, _WIDTH - 14)
    marks = [svg.line(x(v), 4, x(v), bottom, "rule") for v in _ticks(x)]
    marks += [svg.text(x(v), bottom + 20, percent_tick(v), "tick", "middle") for v in _ticks(x)]
    for i, name in enumerate(names):
        top = 6 + _ROW * i
        marks.append(svg.text(2, top + 12, svg.short(str(name), 38), "label tick"))
        dots = [
            mark(x(trial.accuracy), top + 26, (x.start, None), trial is search.best)
            for trial in search.judged
            if trial.settings[parameter.name] == name
        ]
        marks.append(svg.tag("g", dots, class_="series-1"))
    return bottom + 28, marks
