"""The features of teacher and student in the plane."""

import numpy as np

from tf_lpdistill.report import svg
from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.measures import confused_pairs, confusion, nearest
from tf_lpdistill.report.quantities import count, percent
from tf_lpdistill.report.run import ALONE, STUDENT, TEACHER, Run

NAME = "maps"
TITLE = "Maps of the features"
ABOUT = (
    "Test images as points: near each other where the network takes them for alike. Features have "
    "more than two dimensions; the two in which they differ most are drawn, and each map is turned "
    "to lie like the teacher\N{RIGHT SINGLE QUOTATION MARK}s."
)

_WIDTH, _HEIGHT, _MARGIN = 300, 300, 16
_CLASSES = 10  # classes with a colour; those with the most images


def render(run: Run) -> Markup | None:
    """Returns a map a network, or `None` without recorded features."""
    answers, names = run.answers, run.network_names
    if answers is None:
        return None
    labels = answers.labels[answers.mapped] if answers.mapped is not None else None
    shown = [n for n in (TEACHER, STUDENT, ALONE) if _map(answers, n) is not None]
    if not shown:
        return None
    figures = [_figure(run, _map(answers, n), labels, names[n]) for n in shown]
    whole = len(labels) == len(answers.labels)
    text = f"{'All ' if whole else ''}{count(len(labels))} test images"
    text += "." if whole else ", drawn at random, the same in each map."
    number = len(run.dataset.class_names)
    if number > _CLASSES:
        text += f" The {_CLASSES} classes with the most images are coloured, the others grey."
    return join(tag("div", figures, class_="panels"), tag("p", text, class_="note"))


def _map(answers, name):
    return answers.networks[name].map if name in answers.networks else None


def _figure(run, found, labels, who):
    share = percent(float(found.explained.sum()), 0)
    caption = tag("figcaption", who, tag("small", f"{share} of the variance"))
    label = f"Map of the features of {who} in two dimensions, which hold {share} of their variance."
    label += _finding(found.points, labels, run.dataset.class_names)
    drawing = svg.canvas(_HEIGHT, _draw(run, found, labels), width=_WIDTH, label=label)
    return tag("figure", caption, drawing)


def _finding(points, labels, names):
    """How far the classes lie apart on the map, in words."""
    if len(points) < 2:
        return ""
    counts = confusion(labels, labels[nearest(points)], len(names))
    right, number = int(np.trace(counts)), int(counts.sum())
    text = f" {percent(right / number)} of the points lie next to one of their own class"
    pairs = [f"{names[t]} beside {names[o]} ({n})" for t, o, n in confused_pairs(counts, 3)]
    return f"{text}. Most often mixed: {', '.join(pairs)}." if pairs else f"{text}."


def _draw(run, found, labels):
    xs, ys = _positions(found.points)
    sizes = np.bincount(labels, minlength=len(run.dataset.class_names))
    chosen = sorted(np.argsort(-sizes, kind="stable")[:_CLASSES])
    grey = ~np.isin(labels, chosen)
    marks = [svg.cloud(xs[grey], ys[grey], "point series-other")] if grey.any() else []
    present = [(i, int(label)) for i, label in enumerate(chosen) if (labels == label).any()]
    marks += [
        svg.cloud(xs[labels == label], ys[labels == label], f"point class-{i}")
        for i, label in present
    ]
    places = [
        (np.median(xs[labels == label]), np.median(ys[labels == label])) for _, label in present
    ]
    for (_, label), (x, y) in zip(present, places, strict=True):
        name = svg.short(run.dataset.class_names[label], 12)
        # A long name at the edge stays inside.
        half = 3.6 * len(name)
        x = min(max(x, half), _WIDTH - half)
        marks.append(svg.text(x, y + 5, name, "label strong", "middle"))
    return marks


def _positions(points):
    """Pixels of the points: the same scale in both directions, or distances would be distorted."""
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (min(_WIDTH, _HEIGHT) - 2 * _MARGIN) / max(float((high - low).max()), 1e-12)
    centred = (points - (low + high) / 2) * scale
    return _WIDTH / 2 + centred[:, 0], _HEIGHT / 2 - centred[:, 1]
