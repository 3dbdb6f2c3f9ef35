"""A search over settings: its parameters and trials, out of results.json."""

import dataclasses
import math
from collections.abc import Mapping

from tf_lpdistill.report.record import Record


@dataclasses.dataclass(frozen=True)
class Parameter:
    """What was searched.

    `name` is its key in the settings, `title` its name for readers, `log` whether its scale is
    logarithmic, `importance` its share of what made the trials differ, 0 to 1, or `None`.
    """

    name: str
    title: str
    log: bool
    importance: float | None


@dataclasses.dataclass(frozen=True)
class Trial:
    """One setting that was tried.

    `accuracy` is that on the validation images, a fraction, or `None` where it could not be
    trained; `settings` has a number, or a text, for each parameter.
    """

    number: int
    accuracy: float | None
    settings: Mapping[str, float | str]


@dataclasses.dataclass(frozen=True)
class Search:
    """All trials, in their order; one at least has an accuracy."""

    parameters: tuple[Parameter, ...]
    trials: tuple[Trial, ...]

    @property
    def judged(self) -> tuple[Trial, ...]:
        """The trials with an accuracy, in their order."""
        return tuple(trial for trial in self.trials if trial.accuracy is not None)

    @property
    def best(self) -> Trial:
        """The most accurate trial, of equal ones the first."""
        return max(self.judged, key=lambda trial: trial.accuracy or 0.0)


def read_search(record: Record | None) -> Search | None:
    """Reads the entry "search" of results.json.

    Args:
        record: its `Record`, with `parameters` (name, title, log, importance) and `trials` (number,
            accuracy, settings); or `None`.

    Returns:
        A `Search`, or `None` without an entry.

    Raises:
        ValueError: when a field is missing or is not as described.
    """
    if record is None:
        return None
    parameters = tuple(map(_parameter, record.records("parameters")))
    trials = tuple(_trial(trial, parameters) for trial in record.records("trials"))
    search = Search(parameters, trials)
    if not search.judged:
        raise _damaged(record, "one of its trials to have an accuracy", "none")
    return search


def _parameter(record):
    return Parameter(
        record.text("name"),
        record.text("title"),
        record.flag("log"),
        record.fraction("importance", optional=True),
    )


def _trial(record, parameters):
    settings = record.mapping("settings")
    for parameter in parameters:
        value = settings.get(parameter.name)
        if not (isinstance(value, str) or _is_number(value) and (value > 0 or not parameter.log)):
            expected = f"'settings' to have a number, or a text, for {parameter.name!r}"
            raise _damaged(record, expected, value)
    return Trial(record.integer("number"), record.fraction("accuracy", optional=True), settings)


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _damaged(record, expected, received):
    return ValueError(
        f"{record.where} is damaged or foreign: expected {expected}. Received: {received!r}. "
        "Run the recipe again to write it anew."
    )
