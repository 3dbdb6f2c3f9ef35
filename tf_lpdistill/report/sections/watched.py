"""What `callbacks.Watch` saw: the shares of the gradient, and how the features were."""

from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.run import Run
from tf_lpdistill.report.sections.panels import panels_of

NAME = "watched"
TITLE = "Balance and health"
ABOUT = (
    "On one batch of training images. Which part of the total moves the student: its share of "
    "the gradient norm, weight included. And how the student\N{RIGHT SINGLE QUOTATION MARK}s "
    "features lie: a spread that falls towards 0, or a rank towards 1, is a collapse."
)

_SHARE, _WEIGHT = "share/", "weight/"
_HEALTH = {
    "neighbor_overlap": ("Neighbours kept", "of the teacher\N{RIGHT SINGLE QUOTATION MARK}s ten"),
    "effective_rank": ("Effective rank", "of the features"),
    "student_spread": ("Spread", "of the features"),
}
_LENGTH = "student_norm"


def is_watched(metric: str) -> bool:
    """Whether a column of the history is one of what `Watch` logs."""
    return metric.startswith((_SHARE, _WEIGHT)) or metric in (_LENGTH, *_HEALTH)


def render(run: Run) -> Markup | None:
    """Returns the charts, or `None` where nobody watched."""
    metrics = run.history.metrics if run.history else ()
    shares = [metric for metric in metrics if metric.startswith(_SHARE)]
    titles = {metric: (f"Share of {_plain(metric)}", None) for metric in shares}
    titles |= {metric: words for metric, words in _HEALTH.items() if metric in metrics}
    legend, panels = panels_of(run, titles) if titles else (None, [])
    return join(legend, tag("div", panels, class_="panels")) if panels else None


def _plain(metric):
    return metric.removeprefix(_SHARE).replace("_", " ")
