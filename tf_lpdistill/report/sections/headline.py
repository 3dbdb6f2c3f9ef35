"""The top of the page: what was done, what came of it in a sentence, and four figures."""

from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.quantities import count, milliseconds, percent, points, size, times
from tf_lpdistill.report.run import ALONE, TEACHER, Run


def render(run: Run) -> Markup:
    """Returns title, reading and the figures that the run has."""
    figures = [_teacher(run), _student(run), _smaller(run), _latency(run)]
    return join(
        tag("p", "tf_lpdistill", tag("span", run.recipe), class_="kicker"),
        tag("h1", run.title),
        tag("p", run.reading, class_="reading"),
        tag("ul", [figure for figure in figures if figure], class_="figures"),
    )


def _figure(value, what, *notes):
    return tag(
        "li",
        tag("strong", value),
        tag("span", what),
        [tag("small", note) for note in notes if note],
    )


def _teacher(run):
    teacher = run.row(TEACHER)
    if teacher is None:
        return None
    score = _score(teacher, "float32")
    parameters = f"{count(teacher.parameters)} parameters"
    note = f"{parameters}, {size(score.bytes)} as .tflite" if score else parameters
    return _figure(percent(teacher.mean), "the teacher", note)


def _student(run):
    best, alone = run.best, run.row(ALONE)
    if best is None:
        return None
    gain = None
    if alone is not None and best is not alone:
        gain = f"{points(best.mean - alone.mean)} points against the student alone"
    seeds = f"mean of {len(best.accuracy)} seeds" if len(best.accuracy) > 1 else None
    parameters = f"{count(best.parameters)} parameters"
    detail = ", ".join(filter(None, [parameters, seeds]))
    which = "chosen" if best.best else "most accurate"
    return _figure(
        percent(best.mean), join(f"the {which} student: ", tag("b", best.name)), detail, gain
    )


def _smaller(run):
    """How much smaller the student is: in file bytes, or in parameters where one has no file."""
    teacher, student = run.row(TEACHER), _exported(run)
    if teacher is None or student is None:
        return None
    precision, score = _smallest(student)
    reference = _score(teacher, "float32")
    file_size = f"{size(score.bytes)} as {precision} .tflite" if score else None
    if score and reference:
        ratio = times(reference.bytes / score.bytes)
        note = f"against the teacher\N{RIGHT SINGLE QUOTATION MARK}s {size(reference.bytes)}"
        return _figure(ratio, "smaller on the phone", file_size, note)
    ratio = times(teacher.parameters / max(student.parameters, 1))
    return _figure(ratio, "fewer parameters than the teacher", file_size)


def _latency(run):
    student = _exported(run)
    precision, score = _smallest(student) if student else (None, None)
    if score is None or score.latency_ms is None:
        return None
    note = f"{precision} .tflite, median, on the computer that ran the recipe, not on a phone"
    return _figure(milliseconds(score.latency_ms), "an image", note)


def _exported(run):
    return run.best if run.exported is None else run.row(run.exported)


def _smallest(row):
    """Returns (precision, `FileScore`) of the smallest file of a row, or (None, None)."""
    sized = [(p, score) for p, score in (row.tflite or {}).items() if score.bytes]
    return min(sized, key=lambda item: item[1].bytes, default=(None, None))


def _score(row, precision):
    score = (row.tflite or {}).get(precision)
    return score if score is not None and score.bytes else None
