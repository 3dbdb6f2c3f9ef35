"""The terms of the total: one small chart a term."""

from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.run import Run
from tf_lpdistill.report.sections.panels import panels_of
from tf_lpdistill.report.sections.watched import is_watched
from tf_lpdistill.report.series import note

NAME = "terms"
TITLE = "Terms of the loss"
ABOUT = (
    "What the students minimise, per epoch, and the loss on the validation images. Terms are "
    "drawn unweighted, each on its own scale."
)

_TERMS = {
    "loss": ("Loss", "the weighted total"),
    "student_loss": ("Student loss", "on the labelled images"),
    "val_loss": ("Validation loss", None),
}


def render(run: Run) -> Markup | None:
    """Returns the charts, or `None` without a history or a term in it."""
    if run.history is None:
        return None
    legend, panels = panels_of(run, {m: _words(m) for m in run.history.metrics if _is_loss(m)})
    if not panels:
        return None
    explained = note(run, "are left out here")
    return join(
        legend,
        tag("div", panels, class_="panels"),
        tag("p", explained, class_="note") if explained else None,
    )


def _words(metric):
    return _TERMS.get(metric, (metric.replace("_", " ").capitalize(), None))


def _is_loss(metric):
    return "accuracy" not in metric and not is_watched(metric)
