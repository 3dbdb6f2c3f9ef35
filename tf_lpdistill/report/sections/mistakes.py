"""Which classes are mistaken for which: teacher, student, and the file that goes to the phone."""

import numpy as np

from tf_lpdistill.report import spoken, svg
from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.measures import confused_pairs, confusion
from tf_lpdistill.report.quantities import NONE, percent
from tf_lpdistill.report.run import INT8, STUDENT, TEACHER, Run

NAME = "mistakes"
TITLE = "Mistakes"
ABOUT = (
    "Each row holds the test images of one class, each column an answer. Right answers lie on the "
    "diagonal; a mistake is the redder the larger its share of the row."
)

_MATRIX = 20  # classes above which a matrix on a phone is too fine to read
_NUMBERS = 12  # classes up to which there is room for the counts
_WIDTH = 300
_PAIRS = 5
STRONGEST, _RIGHT = 0.5, 0.3
"""Opacity of the strongest mistake and of right answers: their numbers keep a contrast of 4.5."""


def render(run: Run) -> Markup | None:
    """Returns a confusion matrix a network, or lists of mistakes where there are many classes."""
    answers, names = run.answers, run.dataset.class_names
    if answers is None:
        return None
    draw = _matrix if len(names) <= _MATRIX else _list
    figures = []
    for network in (TEACHER, STUDENT, INT8):
        if network in answers.networks:
            classes = answers.networks[network].classes
            counts = confusion(answers.labels, classes, len(names))
            wrong = int(counts.sum() - np.trace(counts))
            detail = f"{wrong} of {counts.sum()} wrong"
            caption = tag("figcaption", run.network_names[network], tag("small", detail))
            figures.append(tag("figure", caption, draw(counts, names, run.network_names[network])))
    return tag("div", figures, class_="panels")


def _list(counts, names, who):
    pairs = confused_pairs(counts, _PAIRS)
    items = [
        tag("li", f"{names[true]} taken for {names[answer]}: {n}") for true, answer, n in pairs
    ]
    return tag("ol", items, class_="mistakes") if items else None


def _matrix(counts, names, who):
    label = f"Confusion matrix of {who}. {_finding(counts, names)}"
    drawing = svg.canvas(_WIDTH, _cells(counts, names), width=_WIDTH, label=label)
    return join(drawing, _spoken(counts, names, who))


def _finding(counts, names):
    """How many answers are right, and the three mistakes made most often, in words."""
    right, number = int(np.trace(counts)), int(counts.sum())
    text = f"{right} of {number} images are right, {percent(right / number)}. "
    pairs = [f"{names[t]} taken for {names[a]} ({n})" for t, a, n in confused_pairs(counts, 3)]
    return f"{text}Most often confused: {', '.join(pairs)}." if pairs else f"{text}No mistake."


def _spoken(counts, names, who):
    rows = []
    for true, name in enumerate(names):
        own = np.zeros_like(counts)
        own[true] = counts[true]
        mistakes = [f"{names[answer]} ({n})" for _, answer, n in confused_pairs(own, len(names))]
        number = int(counts[true].sum())
        rows.append((name, number, int(counts[true, true]), ", ".join(mistakes) or NONE))
    heads = ("Class", "Images", "Right", "Taken for")
    return spoken.table(f"Answers of {who} by class", heads, rows)


def _cells(counts, names):
    short = all(len(name) <= 2 for name in names)
    left = 22 if short else 64
    side = (_WIDTH - left) / len(names)
    rows = counts.sum(axis=1)
    marks = []
    for true, answer in np.ndindex(counts.shape):
        number, right = int(counts[true, answer]), true == answer
        x, y = left + answer * side, left + true * side
        if number:
            # A single mistake is seen as well: the root lifts small shares.
            share = np.sqrt(number / rows[true])
            opacity = _RIGHT * share if right else max(0.15, STRONGEST * share)
            kind = "right" if right else "mistaken"
            marks.append(svg.square(x, y, side - 1, kind, opacity))
            if len(names) <= _NUMBERS:
                at = (x + (side - 1) / 2, y + side / 2 + 4)
                marks.append(svg.text(*at, number, "count", "middle"))
    for i, name in enumerate(names):
        middle = left + (i + 0.5) * side
        marks.append(svg.text(left - 6, middle + 4, svg.short(name, 9), "tick", "end"))
        if short:
            marks.append(svg.text(middle, left - 7, name, "tick", "middle"))
        else:
            marks.append(svg.upright(middle + 4, left - 6, svg.short(name, 9), "tick"))
    return [marks, svg.square(left - 0.5, left - 0.5, side * len(names), "frame")]
