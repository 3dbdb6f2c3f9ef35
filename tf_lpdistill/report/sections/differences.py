"""In what several runs differ, and the command of each."""

from collections.abc import Mapping

from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.quantities import count
from tf_lpdistill.report.run import Run
from tf_lpdistill.report.sections.reproduce import value_text

NAME = "differences"
TITLE = "What differs"
ABOUT = "Settings that are not the same in all runs, and the command of each."


def render(runs: Mapping[str, Run]) -> Markup:
    """Returns the settings that differ and the commands.

    Args:
        runs: {label: `Run`}.
    """
    settings = {label: _settings(run) for label, run in runs.items()}
    names = dict.fromkeys(name for own in settings.values() for name in own)
    differing = [
        _setting(
            name, {label: own.get(name, "not a setting of it") for label, own in settings.items()}
        )
        for name in names
        if len({own.get(name) for own in settings.values()}) > 1
    ]
    commands = [
        (tag("h3", label), tag("pre", tag("code", run.command))) for label, run in runs.items()
    ]
    return join(
        tag("dl", differing, class_="facts") if differing else tag("p", "Nothing but the results."),
        tag("div", commands, class_="commands"),
    )


def _settings(run):
    """All that can make two runs differ, as texts."""
    data = run.dataset
    return {
        "Recipe": run.recipe,
        "Data": f"{data.name}: {data.description}",
        "Training images": count(data.train),
        "Labelled images": count(data.labelled),
        "Test images": count(data.test),
        "Seeds": ", ".join(map(str, run.seeds)),
        "Computer": run.hardware,
        **{f"--{name}": value_text(value) for name, value in run.flags.items()},
        **{f"{name}, version": version for name, version in run.versions.items()},
    }


def _setting(name, values):
    lines = [tag("li", tag("small", f"{label}: "), text) for label, text in values.items()]
    return tag("div", tag("dt", name), tag("dd", tag("ul", lines)))
