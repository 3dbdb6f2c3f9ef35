"""Whether the probabilities can be believed: reliability diagrams."""

import numpy as np

from tf_lpdistill.report import spoken, svg
from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.measures import BINS, calibration
from tf_lpdistill.report.quantities import percent, percent_tick
from tf_lpdistill.report.run import ALONE, INT8, STUDENT, TEACHER, Run
from tf_lpdistill.report.series import series

NAME = "confidence"
TITLE = "Confidence"
ABOUT = (
    "How often an answer is right, by how sure the network is of it. On the dashed line a "
    "probability means what it says; below it the network is too sure of itself. A larger dot "
    "stands for more images."
)

_WIDTH, _HEIGHT = 280, 250


def render(run: Run) -> Markup | None:
    """Returns a reliability diagram a network."""
    answers = run.answers
    if answers is None:
        return None
    student = INT8 if INT8 in answers.networks else STUDENT
    colors, own = series(run), {TEACHER: TEACHER, ALONE: ALONE, student: run.exported}
    figures = [
        _figure(run.network_names[network], _measure(run, network), colors.get(key, "series-0"))
        for network, key in own.items()
        if network in answers.networks
    ]
    note = (
        "Error: the expected calibration error (Guo et al. 2017), the mean distance between "
        f"confidence and accuracy over {BINS} bins; 0 is best. A phone that shows a "
        "probability, or acts above a threshold, depends on it."
    )
    return join(tag("div", figures, class_="panels"), tag("p", note, class_="note"))


def _measure(run, network):
    found = run.answers.networks[network]
    return calibration(found.confidence, found.classes == run.answers.labels)


def _figure(name, measured, color):
    error = percent(measured.error)
    caption = tag("figcaption", name, tag("small", f"error {error}"))
    label = f"Reliability diagram of {name}. {_finding(measured)}"
    drawing = svg.canvas(_HEIGHT, _draw(measured, color), width=_WIDTH, label=label)
    return tag("figure", caption, drawing, _spoken(measured, name))


def _bins(measured):
    """[(images, confidence, accuracy)] of the bins that are not empty."""
    bins = zip(measured.count, measured.confidence, measured.accuracy, strict=True)
    return [(int(number), float(sure), float(right)) for number, sure, right in bins if number]


def _finding(measured):
    """The error, whether the network is too sure or not sure enough, and where most, in words."""
    bins = _bins(measured)
    sure, right = (
        sum(each[0] * each[place] for each in bins) / measured.count.sum() for place in (1, 2)
    )
    worst = max(bins, key=lambda each: each[0] * abs(each[1] - each[2]))
    kind = "too sure of itself" if sure > right else "less sure than it might be"
    return (
        f"Expected calibration error {percent(measured.error)}. On average it is {percent(sure)} "
        f"sure and {percent(right)} right: {kind}. The bin that adds most to the error: "
        f"{worst[0]} images, {percent(worst[1])} sure, {percent(worst[2])} right."
    )


def _spoken(measured, name):
    rows = [(percent(sure), percent(right), number) for number, sure, right in _bins(measured)]
    return spoken.table(f"Answers of {name} by confidence", ("Sure", "Right", "Images"), rows)


def _draw(measured, color):
    x, y = svg.Scale(0, 1, 44, _WIDTH - 16), svg.Scale(0, 1, _HEIGHT - 28, 12)
    ticks = (0, 0.25, 0.5, 0.75, 1)
    marks = [svg.grid(x, y, (0, 0.5, 1), ticks, x_text=percent_tick, y_text=percent_tick)]
    marks.append(svg.line(x(0), y(0), x(1), y(1), "baseline"))
    seen = measured.count > 0
    at = x(measured.confidence[seen]), y(measured.accuracy[seen])
    shares = measured.count[seen] / measured.count.sum()
    gaps = [
        svg.line(a, y(c), a, b, "gain")
        for a, b, c in zip(*at, measured.confidence[seen], strict=True)
    ]
    dots = [svg.dot(a, b, 3 + 6 * np.sqrt(s), "dot") for a, b, s in zip(*at, shares, strict=True)]
    return [marks, svg.tag("g", gaps, dots, class_=color)]
