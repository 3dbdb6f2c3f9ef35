"""The files that the run leaves behind, with what was measured of each."""

from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.quantities import NONE, milliseconds, percent, size
from tf_lpdistill.report.run import Run

NAME = "files"
TITLE = "Files"
ABOUT = (
    "What goes to the phone. The models take RGB pixels from 0 to 255 and return "
    "probabilities. Sizes are in powers of 1000."
)


def render(run: Run) -> Markup | None:
    """Returns the list of files, or `None` when the run left none."""
    if not run.files:
        return None
    scores = _scores(run)
    items = [_file(file, scores.get(file.name)) for file in run.files]
    return join(
        tag("ul", items, class_="files"),
        tag("p", _note(run), class_="note") if scores else None,
    )


def _scores(run):
    """Returns {file name: score} for the exported student: phone/NAME_PRECISION.tflite."""
    row = run.row(run.exported) if run.exported else None
    return {
        file.name: score
        for precision, score in ((row and row.tflite) or {}).items()
        for file in run.files
        if file.name.endswith(f"_{precision}.tflite")
    }


def _file(file, score):
    facts = [] if score is None else _facts(score)
    return tag(
        "li",
        tag("h3", file.name, tag("span", size(file.bytes))),
        tag("dl", [tag("div", tag("dt", k), tag("dd", v)) for k, v in facts]) if facts else None,
        tag("p", tag("span", "SHA-256 "), tag("code", file.sha256), class_="hash"),
    )


def _facts(score):
    latency = milliseconds(score.latency_ms)
    if score.latency_p95_ms is not None:
        latency += f" (p95 {milliseconds(score.latency_p95_ms)})"
    facts = [
        ("zipped", size(score.zipped_bytes)),
        ("test accuracy", percent(score.accuracy)),
        ("agrees with Keras", percent(score.agreement)),
        ("latency here", latency),
        ("runtime from", score.minimum_runtime or NONE),
    ]
    return [(name, value) for name, value in facts if value != NONE]


def _note(run):
    return (
        "Accuracy and agreement were measured by running the file itself on the test images; "
        "agreement is the share of images where it chooses the class that the Keras model "
        f"chooses. Latency is one image on {run.hardware}: a phone has to be measured on its own."
    )
