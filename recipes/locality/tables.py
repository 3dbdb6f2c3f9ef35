"""The tables of the study, in Markdown, from its rows."""

import math

from locality.intervals import holm, mean, paired
from methods import METHODS

_NAMES = {"learning_rate": "learning rate", "num_neighbors": "k"}


def by_seed(rows, field, **wanted):
    """Returns {seed: value of a field}, by ascending seed, of the rows that match and have it."""
    matching = (row for row in rows if all(row[k] == v for k, v in wanted.items()))
    return dict(sorted((row["seed"], row[field]) for row in matching if field in row))


def percent(found, digits=2):
    """A `Mean` of shares as "94.12 ± 0.30", in percent."""
    if not found.number:
        return ""
    spread = "" if math.isnan(found.deviation) else f" ± {100 * found.deviation:.{digits}f}"
    return f"{100 * found.mean:.{digits}f}{spread}"


def interval(found, signed=False):
    """The 95 % interval of a `Mean` in percent."""
    if math.isnan(found.low):
        return ""
    sign = "+" if signed else ""
    return f"{100 * found.low:{sign}.2f} to {100 * found.high:{sign}.2f}"


def setting(values):
    """A setting in words: weights as factors on those of `space.apply`."""
    parts = []
    for name, value in values.items():
        _, _, own = name.rpartition(".")
        if own == "weight":
            parts.append(f"{value:g} × weight" + _of(name, values))
        else:
            shown = f"{value:g}" if isinstance(value, float) else value
            parts.append(f"{_NAMES.get(own, own.replace('_', ' '))} {shown}")
    return ", ".join(parts) or "as published"


def _of(name, values):
    several = sum(other.endswith(".weight") for other in values) > 1
    return f" of {name.partition('.')[0].replace('_', ' ')}" if several else ""


def accuracy(cell, rows):
    """Methods of a cell at their chosen settings, on the test images, best first.

    Args:
        cell: key of `cells.CELLS`.
        rows: all rows.

    Returns:
        Markdown; empty when no final run is on record.
    """
    finals = [row for row in rows if (row["part"], row["cell"]) == ("final", cell)]
    tests = {key: by_seed(finals, "test_accuracy", method=key) for key in METHODS}
    tests = {key: values for key, values in tests.items() if values}
    if not tests:
        return ""
    against = {base: _compared(tests, base) for base in ("alone", "soft_target") if base in tests}
    lines = []
    for key in sorted(tests, key=lambda key: -mean(tests[key].values()).mean):
        found, own = mean(tests[key].values()), [r for r in finals if r["method"] == key]
        train = mean(by_seed(own, "train_accuracy").values())
        lines.append([
            METHODS[key].title, found.number, percent(found), interval(found),
            *(against[base][key] if base in against else "" for base in ("alone", "soft_target")),
            percent(train), setting(own[0]["setting"]),
        ])  # fmt: skip
    head = (
        "method", "seeds", "test %", "95 % interval", "against alone (p)", "against KD (p)",
        "labels fitted %", "setting",
    )  # fmt: skip
    return markdown(head, lines)


def _compared(tests, base):
    """{key: difference to `base`, its interval, and Holm's p}, paired by seed."""
    others = [key for key in tests if key != base]
    found = [paired(tests[key], tests[base]) for key in others]
    corrected = holm([p for _, p in found])
    cells = {base: ""}
    for key, (difference, _), p in zip(others, found, corrected, strict=True):
        cells[key] = f"{100 * difference.mean:+.2f}" if difference.number else ""
        if difference.number > 1:
            shown = f"{p:.3f}" if p >= 0.001 else "<0.001"
            cells[key] += f" ({interval(difference, signed=True)}; {shown})"
    return cells


def reasons(cell, rows):
    """What the final runs of a cell measured of the students' features, best method first."""
    finals = [row for row in rows if (row["part"], row["cell"]) == ("final", cell)]
    fields = ("feature_norm", "feature_spread", "neighbors_kept", "purity_student")
    lines = []
    for key in METHODS:
        own = [row for row in finals if row["method"] == key and "test_accuracy" in row]
        if own:
            found = [mean(by_seed(own, field).values()).mean for field in fields]
            seconds = mean(by_seed(own, "cpu_seconds").values()).mean
            shown = [f"{value:.3g}" for value in found]
            score = mean(by_seed(own, "test_accuracy").values()).mean
            lines.append((score, [METHODS[key].title, *shown, f"{seconds:.0f}"]))
    head = (
        "method", "mean norm", "mean distance to the mean", "teacher's neighbours kept",
        "neighbours of one class", "CPU s a run",
    )  # fmt: skip
    return markdown(head, [line for _, line in sorted(lines, key=lambda pair: -pair[0])])


def markdown(head, lines):
    """A table in Markdown; empty without lines."""
    if not lines:
        return ""
    table = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in table)
