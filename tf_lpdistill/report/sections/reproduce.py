"""All that is needed to do the run again."""

from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.quantities import count
from tf_lpdistill.report.run import Run

NAME = "reproduce"
TITLE = "Do it again"
ABOUT = "The command, the data, and the versions that made this page."

_CLASSES = 20  # names shown; ImageNet has a thousand


def render(run: Run) -> Markup:
    """Returns command, data, seeds, hardware, versions and flags."""
    facts = [
        ("Data", _data(run.dataset)),
        ("Images", _images(run.dataset)),
        ("Classes", _classes(run.dataset.class_names)),
        ("Seeds", ", ".join(map(str, run.seeds))),
        ("Computer", run.hardware),
        ("Versions", ", ".join(f"{name} {version}" for name, version in run.versions.items())),
    ]
    flags = [
        _fact(tag("code", f"--{name}"), value_text(value)) for name, value in run.flags.items()
    ]
    return join(
        tag("pre", tag("code", run.command)),
        tag("dl", [_fact(name, value) for name, value in facts], class_="facts"),
        tag("h3", "Flags") if flags else None,
        tag("dl", flags, class_="facts flags") if flags else None,
    )


def _fact(name, value):
    return tag("div", tag("dt", name), tag("dd", value))


def _data(dataset):
    return f"{dataset.name}: {dataset.description}"


def _images(dataset):
    return (
        f"{count(dataset.train)} for training, {count(dataset.labelled)} of them with labels; "
        f"{count(dataset.validation)} for validation; {count(dataset.test)} for the test"
    )


def _classes(names):
    shown = ", ".join(names[:_CLASSES])
    more = len(names) - _CLASSES
    return f"{shown} and {count(more)} more" if more > 0 else shown


def value_text(value: object) -> str:
    """Returns the value of a flag as text."""
    if isinstance(value, list):
        return ", ".join(map(value_text, value))
    return "not set" if value is None or value == "" else str(value)
