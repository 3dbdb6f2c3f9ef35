"""Tables beside the comparison: sweeps of LP, full MNIST, teachers, what is on record."""

from locality import parts
from locality.cells import CELLS
from locality.intervals import mean
from locality.tables import by_seed, markdown, percent, setting
from methods import METHODS

# Error in % of the same networks in FitNets, Table 4 (https://arxiv.org/abs/1412.6550).
PUBLISHED = {"alone": 1.9, "soft_target": 0.65, "fitnets_two_stages": 0.51}


def sweep(name, rows):
    """What one argument of LP does, on the validation images.

    Args:
        name: key of `parts.SWEEPS`.
        rows: all rows.

    Returns:
        Markdown; empty when none of its runs is on record.
    """
    own = [row for row in rows if row["part"] == f"sweep_{name}"]
    lines = []
    for values in parts.SWEEPS[name]:
        runs = [row for row in own if row["setting"] == values]
        found = mean(by_seed(runs, "validation_accuracy").values())
        if runs:
            shown = [
                f"{mean(by_seed(runs, field).values()).mean:.3g}"
                for field in ("feature_norm", "neighbors_kept", "purity_student", "purity_in_batch")
            ]
            lines.append([setting(values), found.number, percent(found), *shown])
    head = (
        "setting", "seeds", "validation %", "mean norm", "teacher's neighbours kept",
        "neighbours of one class", "the same of the teacher's, in a batch",
    )  # fmt: skip
    return markdown(head, lines)


def teachers(rows):
    """The teachers."""
    lines = [
        [CELLS[row["cell"]].title, f"{row['parameters']:,}", f"{100 * row['test_accuracy']:.2f}"]
        for row in rows
        if row["part"] == "teacher"
    ]
    return markdown(("cell", "parameters", "test %"), lines)


def full_mnist(rows):
    """Errors of FitNets' student on the whole of MNIST beside the published ones."""
    own = [row for row in rows if (row["part"], row["cell"]) == ("final", "mnist_fitnets")]
    lines = []
    for key in METHODS:
        tests = by_seed(own, "test_accuracy", method=key).values()
        if tests:
            int8 = mean(
                [1.0 - score for score in by_seed(own, "int8_accuracy", method=key).values()]
            )
            error = mean([1.0 - score for score in tests])
            lines.append(
                [
                    METHODS[key].title,
                    error.number,
                    percent(error),
                    percent(int8),
                    PUBLISHED.get(key, ""),
                ]
            )
    return markdown(("method", "seeds", "test error %", "the same in int8", "published"), lines)


def progress(rows):
    """How many runs of each part and cell are on record, and what they cost."""
    lines = []
    for part, cell in sorted({(row["part"], row["cell"]) for row in rows}):
        own = [row for row in rows if (row["part"], row["cell"]) == (part, cell)]
        seconds = mean([row["cpu_seconds"] for row in own if row.get("cpu_seconds") is not None])
        failed = sum("failed" in row for row in own)
        cost = f"{seconds.mean:.1f}" if seconds.number else ""  # a teacher that was given
        lines.append([part, cell, len(own), failed or "", cost])
    return markdown(("part", "cell", "runs", "failed", "CPU s a run"), lines)


def failures(rows):
    """What could not be trained, with its reason; once for each method and cell."""
    reasons = {(row["cell"], row["method"]): row["failed"] for row in rows if "failed" in row}
    lines = [[cell, METHODS[key].title, why] for (cell, key), why in sorted(reasons.items())]
    return markdown(("cell", "method", "reason"), lines)
