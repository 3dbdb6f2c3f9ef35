"""Several runs on one page: each one's chosen student, and in what the runs differ."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence

from tf_lpdistill import files
from tf_lpdistill.report.load import load_run
from tf_lpdistill.report.page import document
from tf_lpdistill.report.quantities import percent_sd
from tf_lpdistill.report.run import ALONE, TEACHER, History, Run
from tf_lpdistill.report.sections import curves, differences, dots, headline, table, tradeoff
from tf_lpdistill.types import PathLike

_TABLE = (
    "The chosen student of each run, or its most accurate one where none was chosen, beside its "
    "teacher and the same student trained alone, where the run has them. Accuracy is on the test "
    "images: mean and standard deviation over the seeds."
)


def write_comparison(run_dirs: Sequence[PathLike], path: PathLike) -> pathlib.Path:
    """Reads several run folders and writes a page that compares them, whole or not at all.

    Args:
        run_dirs: the folders, each as `load_run` takes it, at least two.
        path: the page, `str` or `pathlib.Path`.

    Returns:
        The `pathlib.Path` of the page.

    Raises:
        FileNotFoundError: when a folder, its config.json or its results.json does not exist.
        ValueError: when a file is damaged, a folder is given twice, or fewer than two.
        OSError: when the page cannot be written.
    """
    path = pathlib.Path(path)
    labels = _labels([pathlib.Path(run_dir) for run_dir in run_dirs])
    runs = {label: load_run(run_dir) for label, run_dir in labels.items()}
    files.write_text(path, render_comparison(runs))
    return path


def render_comparison(runs: Mapping[str, Run]) -> str:
    """Returns the page of several runs as HTML text.

    Args:
        runs: {label: `Run`}.
    """
    joined = join_runs(runs)
    parts = [
        (table.NAME, table.TITLE, _TABLE, table.render(joined)),
        (dots.NAME, dots.TITLE, dots.ABOUT, dots.render(joined)),
        *((s.NAME, s.TITLE, s.ABOUT, s.render(joined)) for s in (tradeoff, curves)),
        (differences.NAME, differences.TITLE, differences.ABOUT, differences.render(runs)),
    ]
    return document(joined.title, headline.render(joined), parts)


def join_runs(runs: Mapping[str, Run]) -> Run:
    """Returns one `Run` whose rows are the teacher, the lone and the chosen student of each.

    Args:
        runs: {label: `Run`}; a row "LP" of the run "night" is called "night: LP".
    """
    first = next(iter(runs.values()))
    rows, curves_of = [], {}
    for label, run in runs.items():
        found = [row for row in (run.row(TEACHER), run.row(ALONE), run.best) if row is not None]
        for row in {row.key: row for row in found}.values():  # the lone student may be the best
            key, name = f"{label}/{row.key}", f"{label}: {row.name}"
            rows.append(dataclasses.replace(row, key=key, name=name))
            if run.history and row.key in run.history.curves:
                curves_of[key] = run.history.curves[row.key]
    metrics = tuple(dict.fromkeys(name for own in curves_of.values() for name in own))
    return dataclasses.replace(
        first,
        title=f"{len(runs)} runs compared",
        recipe="comparison",
        rows=tuple(rows),
        failures=(),
        exported=None,
        reading=_reading(runs),
        hardware=" / ".join(dict.fromkeys(run.hardware for run in runs.values())),
        history=History(metrics, curves_of) if curves_of else None,
        neighbors=None,
        answers=None,
        files=(),
        search=None,
    )


def _reading(runs):
    best = {label: run.best for label, run in runs.items() if run.best is not None}
    words = [
        f"{label}{' chose' if row.best else ', most accurate:'} {row.name}: "
        f"{percent_sd(row.mean, row.sd)}"
        for label, row in best.items()
    ]
    tests = {(run.dataset.name, run.dataset.test, run.dataset.class_names) for run in runs.values()}
    verdict = "All were tested on the same data set"
    if len(tests) > 1:
        verdict = "They were tested on different data: their accuracies cannot be compared"
    return "; ".join(words) + f". {verdict}."


def _labels(paths):
    """Returns {label: path}: the folders' own names where these tell them apart."""
    resolved = [path.resolve() for path in paths]
    if len(paths) < 2 or len(set(resolved)) < len(paths):
        raise ValueError(
            "a comparison needs two run folders or more, each once. Received: "
            f"{[str(path) for path in paths]}"
        )
    names = [path.name for path in resolved]
    unique = len(set(names)) == len(names)
    return dict(zip(names if unique else map(str, paths), paths, strict=True))
