"""The comparison: teacher, student alone, each method."""

import collections
import functools
import statistics

from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.quantities import (
    NONE,
    count,
    decimal_sd,
    milliseconds,
    percent_sd,
    points,
    size,
)
from tf_lpdistill.report.run import ALONE, TEACHER, Run, sample_sd
from tf_lpdistill.report.series import series

NAME = "table"
TITLE = "Comparison"
ABOUT = (
    "The same student, trained in each way. Accuracy is on the test images: mean and standard "
    "deviation over the seeds."
)

_METHODS = {
    TEACHER: "the large network",
    ALONE: "learns from the labels only",
    "kd": "and from the teacher\N{RIGHT SINGLE QUOTATION MARK}s softened predictions",
    "lp": "and keeps the teacher\N{RIGHT SINGLE QUOTATION MARK}s neighbourhoods",
    "kd_lp": "from predictions and neighbourhoods",
}
# A comparison names its rows after the losses.
_METHODS |= {"soft_target": _METHODS["kd"], "locality_preserving": _METHODS["lp"]}


LAST, EXTRA, TIME = "Last epoch", "Extra", "Step time"
_NOTES = {
    LAST: (
        "Accuracy: at the epoch that is best on the validation images; beside it that of the last "
        "epoch."
    ),
    "Overlap": (
        "Overlap: the share of an image\N{RIGHT SINGLE QUOTATION MARK}s nearest neighbours that "
        "teacher and student have in common, from 0 to 1."
    ),
    EXTRA: "Extra: parameters that are trained beside the student and left behind.",
    TIME: (
        "Step time: the median of a training step, against the student alone in the same run; "
        "other work on the computer distorts it."
    ),
}


def render(run: Run) -> Markup:
    """Returns the table with its notes."""
    columns = _columns(run)
    heads = ["Method", *(tag("span", label) for label, _ in columns)]
    head = tag("tr", [tag("th", h, scope="col", role="columnheader") for h in heads], role="row")
    colors = series(run)
    body = [_row(row, columns, colors[row.key]) for row in run.rows]
    body += [_failed(failure, len(columns)) for failure in run.failures]
    return join(
        tag(
            "table",
            tag("thead", head, role="rowgroup"),
            tag("tbody", body, role="rowgroup"),
            class_="cards comparison",
            role="table",
        ),
        tag("p", _notes(run, [label for label, _ in columns]), class_="note"),
    )


def _columns(run):
    """Returns [(label, function of a row that gives value and detail)], measured ones alone.

    Files are compared where two rows have them; those of one alone stand in their own section.
    """
    columns = [
        ("Accuracy", lambda row: (percent_sd(row.mean, row.sd), _gain(row, run))),
        (LAST, lambda row: (_percent_sd(row.last_accuracy), None)),
        ("Overlap", lambda row: (_decimal_sd(row.neighborhood_overlap), None)),
        ("Parameters", lambda row: (count(row.parameters), None)),
        (EXTRA, lambda row: (_or_none(row.extra_parameters, count), None)),
        (
            TIME,
            lambda row: (_or_none(row.relative_time, "{:.2f}\N{MULTIPLICATION SIGN}".format), None),
        ),
    ]
    precisions = collections.Counter(p for row in run.rows for p in row.tflite or {})
    compared = [p for p, number in precisions.items() if number > 1]
    columns += [(f"{p} .tflite", functools.partial(_file, p)) for p in compared]
    return [(label, cell) for label, cell in columns if any(cell(r)[0] != NONE for r in run.rows)]


def _row(row, columns, color):
    name = tag(
        "th",
        tag("i", class_=f"swatch {color}"),
        tag("span", row.name, class_="name"),
        tag("em", "chosen") if row.best else None,
        tag("small", _METHODS[row.key]) if row.key in _METHODS else None,
        scope="row",
        role="rowheader",
    )
    cells = [_cell(label, *cell(row)) for label, cell in columns]
    return tag("tr", name, cells, class_="best" if row.best else None, role="row")


def _failed(failure, columns):
    """A row for a method that could not be trained."""
    name = tag("th", tag("span", failure.name, class_="name"), scope="row", role="rowheader")
    reason = tag("td", f"Could not be trained. {failure.reason}", colspan=columns, role="cell")
    return tag("tr", name, reason, class_="failed", role="row")


def _gain(row, run):
    alone = run.row(ALONE)
    return None if alone is None or row.key in (ALONE, TEACHER) else points(row.mean - alone.mean)


def _file(precision, row):
    score = (row.tflite or {}).get(precision)
    if score is None:
        return NONE, None
    return size(score.bytes), None if score.latency_ms is None else milliseconds(score.latency_ms)


def _cell(label, value, detail):
    detail = tag("small", detail) if detail else None
    kind = "none" if value == NONE else None
    return tag("td", tag("span", value), detail, class_=kind, role="cell", data_label=label)


def _decimal_sd(values):
    return NONE if values is None else decimal_sd(statistics.fmean(values), sample_sd(values))


def _percent_sd(values):
    return NONE if values is None else percent_sd(statistics.fmean(values), sample_sd(values))


def _or_none(value, words):
    return NONE if value is None else words(value)


def _notes(run, labels):
    texts = {label: text for label, text in _NOTES.items() if label in labels}
    if run.row(ALONE) is not None:
        below = "Under an accuracy: the difference to the student alone, in percentage points."
        texts = {"alone": below} | texts
    if any(label.endswith(".tflite") for label in labels):
        texts["latency"] = (
            f"Under a file\N{RIGHT SINGLE QUOTATION MARK}s size: the median time for one image on "
            f"this computer ({run.hardware}), which is not a phone\N{RIGHT SINGLE QUOTATION MARK}s."
        )
    if any(row.best for row in run.rows):
        texts["chosen"] = (
            "Chosen: by the validation images, never by the test images that are shown here."
        )
    return " ".join(texts.values())
