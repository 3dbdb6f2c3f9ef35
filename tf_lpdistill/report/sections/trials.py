"""What a search tried: how it went on, what each parameter did, and the settings."""

import functools

import numpy as np

from tf_lpdistill.report import svg
from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.quantities import NONE, percent, percent_tick
from tf_lpdistill.report.run import Run
from tf_lpdistill.report.sections.parameters import mark, panel, value_text

NAME = "trials"
TITLE = "The search"
ABOUT = (
    "A trial is one student, trained with one setting and judged on the validation images alone. "
    "The best of many is partly luck: what its setting is worth is said by the comparison above, "
    "with seeds that no trial has seen."
)

_SHOWN = 5  # rows of the table that are open


def render(run: Run) -> Markup | None:
    """Returns the charts and the table of the trials, or `None` without a search."""
    search = run.search
    if search is None:
        return None
    label = f"Validation accuracy of each trial, and of the best so far. {_summary(search)}"
    ordered = sorted(search.parameters, key=lambda p: -(p.importance or 0))
    y = _scale(search)
    return join(
        tag("p", _summary(search)),
        svg.responsive(functools.partial(_progress, search, y), label),
        tag("div", [panel(search, p, y) for p in ordered], class_="panels searched"),
        tag("p", _note(search, y), class_="note"),
        _tables(search),
    )


def _summary(search):
    best, first = search.best, search.judged[0]
    text = f"Of {len(search.trials)} trials number {best.number} is best: {percent(best.accuracy)}"
    if first is not best:
        text += f"; the first, number {first.number}, has {percent(first.accuracy)}"
    failed = len(search.trials) - len(search.judged)
    return f"{text}. {failed} could not be trained." if failed else f"{text}."


def _note(search, y):
    texts = []
    if any(trial.accuracy < y.low for trial in search.judged):
        texts.append(f"Trials below {percent(y.low)} lie on the lower edge, as rings.")
    if any(parameter.importance is not None for parameter in search.parameters):
        texts.append(
            "Importance: how much of what makes the best trials differ from all is due to a "
            "parameter (PED-ANOVA, Watanabe et al. 2023); of few trials it is a rough measure."
        )
    return " ".join(texts) or None


def _scale(search):
    """Accuracies without the worst trials, which would squeeze the rest; pixels are set later."""
    values = np.array([trial.accuracy for trial in search.judged])
    high = values.max()
    low = min(np.quantile(values, 0.1), high - 0.01)
    return svg.Scale(max(0.0, low - 0.08 * (high - low)), high + 0.06 * (high - low), 0, 0)


def _progress(search, ends, width):
    narrow = width < svg.WIDE
    height, left, right = (270, 42, width - 8) if narrow else (320, 52, width - 12)
    trials = search.judged
    numbers = np.array([trial.number for trial in trials])
    values = np.array([trial.accuracy for trial in trials])
    x = svg.Scale(-0.5, max(trial.number for trial in search.trials) + 0.5, left, right)
    y = svg.Scale(ends.low, ends.high, height - 46, 12)
    ticks = [v for v in x.ticks(4 if narrow else 8) if v == int(v)]
    marks = [svg.grid(x, y, ticks, y.ticks(5), x_text=lambda v: f"{v:g}", y_text=percent_tick)]
    marks.append(svg.text((left + right) / 2, height - 6, "trial", "tick", "middle"))
    best = np.maximum.accumulate(values)
    steps = x(np.append(np.repeat(numbers, 2)[1:], x.high)), y(np.repeat(best, 2))
    line = svg.clip(x, y, svg.curve(*steps, "line"))
    dots = [
        mark(x(trial.number), y(trial.accuracy), (None, y.start), trial is search.best)
        for trial in trials
    ]
    name = svg.text(right, y(best[-1]) + 18, f"best so far, {percent(best[-1])}", "label", "end")
    return height, [marks, svg.tag("g", line, dots, class_="series-1"), name]


def _tables(search):
    """The best trials, and all others behind a line to open."""
    order = sorted(search.trials, key=lambda t: (t.accuracy is None, -(t.accuracy or 0), t.number))
    shown, others = order[:_SHOWN], order[_SHOWN:]
    more = None
    if others:
        title = tag("summary", f"The other {len(others)} trials")
        more = tag("details", title, _table(search, others))
    return tag("div", _table(search, shown), more, class_="tried")


def _table(search, trials):
    labels = ["Accuracy", *(parameter.title for parameter in search.parameters)]
    heads = ["Trial", *(tag("span", label) for label in labels)]
    head = tag("tr", [tag("th", h, scope="col", role="columnheader") for h in heads], role="row")
    return tag(
        "table",
        tag("thead", head, role="rowgroup"),
        tag("tbody", [_row(search, trial, labels) for trial in trials], role="rowgroup"),
        class_="cards comparison",
        role="table",
    )


def _row(search, trial, labels):
    best = trial is search.best
    name = tag("span", f"Trial {trial.number}", class_="name")
    values = [trial.settings[parameter.name] for parameter in search.parameters]
    cells = [percent(trial.accuracy), *map(value_text, values)]
    kinds = [None, *("choice" if isinstance(v, str) else None for v in values)]
    return tag(
        "tr",
        tag("th", name, tag("em", "best") if best else None, scope="row", role="rowheader"),
        [
            tag(
                "td",
                tag("span", value),
                class_="none" if value == NONE else kind,
                role="cell",
                data_label=label,
            )
            for label, value, kind in zip(labels, cells, kinds, strict=True)
        ],
        class_="best" if best else None,
        role="row",
    )
