"""The table of the first page: on each of three data sets what a phone gets, and its price."""

from locality.cells import CELLS
from locality.intervals import mean
from locality.parts import CORE, LP
from locality.tables import by_seed, markdown, percent
from methods import METHODS

DATA = ("mnist_plain", "cifar_residual", "clothes_residual")
_HEAD = (
    "data", "", "test %", "as int8", "parameters", "int8 file", "ms an image", "made again by",
)  # fmt: skip


def table(rows):
    """Teacher, student alone, KD, the best other method, LP, and KD + LP on each data set.

    Args:
        rows: all rows of the study.

    Returns:
        Markdown; a line a model, with the flags of `recipes/study_again.py` that make it again.
    """
    lines = []
    for cell in DATA:
        own = [row for row in rows if row["cell"] == cell and row["part"] in ("teacher", "final")]
        others = best_other(own)
        for key in ("teacher", "alone", "soft_target", *others, LP, "kd_lp"):
            found = [row for row in own if row["method"] == key and "test_accuracy" in row]
            if found:
                title = "Teacher" if key == "teacher" else METHODS[key].title
                title = f"{title} (best other)" if key in others else title
                lines.append([CELLS[cell].title, title, *_measured(found), _command(cell, key)])
    return markdown(_HEAD, lines)


def best_other(rows):
    """The method beside those of `CORE` that is best on the validation images.

    Args:
        rows: the final runs of a cell.

    Returns:
        List of its key; empty when there is none.
    """
    scores = {
        key: mean(by_seed(rows, "validation_accuracy", method=key).values()).mean
        for key in METHODS
        if key not in CORE and by_seed(rows, "test_accuracy", method=key)
    }
    return [max(scores, key=scores.get)] if scores else []


def _measured(rows):
    fields = ("test_accuracy", "int8_accuracy", "int8_bytes", "int8_latency_ms")
    tests, int8, size, latency = (mean(by_seed(rows, field).values()) for field in fields)
    file, time = (f"{size.mean / 1024:.1f} KB", f"{latency.mean:.2g}") if size.number else ("", "")
    return percent(tests), percent(int8), f"{rows[0]['parameters']:,}", file, time


def _command(cell, key):
    return f"`--cell {cell} --method {key}`"
