"""The comparison: teacher, student alone, each method."""

import statistics

from tf_lpdistill.report.markup import join, tag
from tf_lpdistill.report.quantities import (
    NONE,
    count,
    decimal_sd,
    milliseconds,
    percent_sd,
    points,
    size,
)
from tf_lpdistill.report.run import ALONE, TEACHER, sample_sd
from tf_lpdistill.report.series import series

NAME = "table"
TITLE = "Comparison"
ABOUT = (
    "The same student, trained in each way. Accuracy is on the test images: mean and standard "
    "deviation over the seeds, and the difference to the student alone in percentage points."
)

_METHODS = {
    TEACHER: "the large network",
    ALONE: "learns from the labels only",
    "kd": "and from the teacher\N{RIGHT SINGLE QUOTATION MARK}s softened predictions",
    "lp": "and keeps the teacher\N{RIGHT SINGLE QUOTATION MARK}s neighbourhoods",
    "kd_lp": "both",
}


def render(run):
    """Returns the table with its notes."""
    precisions = list(dict.fromkeys(p for row in run.rows for p in row.tflite or {}))
    heads = ["Method", "Accuracy", "Overlap", "Parameters"]
    heads += [tag("span", f"{precision} .tflite") for precision in precisions]
    head = tag("tr", [tag("th", h, scope="col", role="columnheader") for h in heads], role="row")
    colors = series(run)
    body = [_row(row, run, precisions, colors[row.key]) for row in run.rows]
    return join(
        tag(
            "table",
            tag("thead", head, role="rowgroup"),
            tag("tbody", body, role="rowgroup"),
            class_="cards comparison",
            role="table",
        ),
        tag("p", _notes(run, precisions), class_="note"),
    )


def _row(row, run, precisions, color):
    name = tag(
        "th",
        tag("i", class_=f"swatch {color}"),
        tag("span", row.name, class_="name"),
        tag("em", "chosen") if row.best else None,
        tag("small", _METHODS[row.key]) if row.key in _METHODS else None,
        scope="row",
        role="rowheader",
    )
    alone = run.row(ALONE)
    gain = None
    if alone is not None and row.key not in (ALONE, TEACHER):
        gain = points(row.mean - alone.mean)
    overlap = row.neighborhood_overlap
    cells = [
        _cell("Accuracy", percent_sd(row.mean, row.sd), gain),
        _cell("Overlap", _mean_sd(overlap)),
        _cell("Parameters", count(row.parameters)),
        *(_file(precision, (row.tflite or {}).get(precision)) for precision in precisions),
    ]
    return tag("tr", name, cells, class_="best" if row.best else None, role="row")


def _file(precision, score):
    if score is None:
        return _cell(f"{precision} .tflite", NONE)
    latency = None if score.latency_ms is None else milliseconds(score.latency_ms)
    return _cell(f"{precision} .tflite", size(score.bytes), latency)


def _cell(label, value, detail=None):
    detail = tag("small", detail) if detail else None
    return tag("td", tag("span", value), detail, role="cell", data_label=label)


def _mean_sd(values):
    if values is None:
        return NONE
    return decimal_sd(statistics.fmean(values), sample_sd(values))


def _notes(run, precisions):
    overlap = (
        "Overlap: the share of an image\N{RIGHT SINGLE QUOTATION MARK}s nearest neighbours that "
        "teacher and student have in common, from 0 to 1."
    )
    latency = (
        f"Under a file\N{RIGHT SINGLE QUOTATION MARK}s size: the median time for one image on "
        f"this computer ({run.hardware}), which is not a phone\N{RIGHT SINGLE QUOTATION MARK}s."
    )
    chosen = (
        "Chosen: by the validation images, never by the test images that are shown here."
        if any(row.best for row in run.rows)
        else ""
    )
    return " ".join(filter(None, [overlap, latency if precisions else "", chosen]))
