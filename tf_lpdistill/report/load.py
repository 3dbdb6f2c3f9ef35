"""A run folder read into a `Run`."""

import dataclasses
import pathlib

from tf_lpdistill.report.answers import read_answers
from tf_lpdistill.report.history import read_history
from tf_lpdistill.report.neighbors import read_neighbors
from tf_lpdistill.report.outputs import read_files
from tf_lpdistill.report.record import Record
from tf_lpdistill.report.run import Dataset, Failure, FileScore, Row, Run
from tf_lpdistill.report.search import read_search
from tf_lpdistill.types import PathLike


def load_run(run_dir: PathLike) -> Run:
    """Reads a run folder as the recipes write it.

    Args:
        run_dir: the folder, `str` or `pathlib.Path`. config.json and results.json are required;
            history.csv, neighbors.npz, answers.npz, phone/ and *.keras are read where they exist.

    Returns:
        A `Run`.

    Raises:
        FileNotFoundError: when the folder, config.json or results.json does not exist.
        ValueError: when a file is damaged or is not what a recipe writes; the text names it.
    """
    directory = pathlib.Path(run_dir)
    if not directory.is_dir():
        raise FileNotFoundError(
            "there is no such run folder: expected the --run_dir of a recipe that has finished. "
            f"Received: run_dir={str(run_dir)!r}."
        )
    config = Record.read(directory / "config.json")
    results = Record.read(directory / "results.json")
    dataset = _dataset(config.record("dataset"))
    rows = _rows(results)
    return Run(
        directory=directory,
        recipe=config.text("recipe"),
        title=config.text("title"),
        command=config.text("command"),
        flags=config.mapping("flags"),
        versions=_versions(config.record("versions")),
        seed=config.integer("seed"),
        dataset=dataset,
        rows=rows,
        failures=tuple(map(_failure, results.records("failures", optional=True) or ())),
        seeds=results.integers("seeds"),
        reading=results.text("reading"),
        exported=_exported(results, rows),
        hardware=results.text("hardware"),
        history=read_history(directory / "history.csv", rows),
        neighbors=read_neighbors(directory / "neighbors.npz", len(dataset.class_names)),
        answers=read_answers(directory / "answers.npz", len(dataset.class_names)),
        files=read_files(directory),
        search=read_search(results.record("search", optional=True)),
    )


def _dataset(record):
    counts = {name: record.integer(name) for name in ("train", "validation", "test", "labelled")}
    return Dataset(
        name=record.text("name"),
        description=record.text("description"),
        class_names=record.texts("class_names"),
        **counts,
    )


def _versions(record):
    return {name: record.text(name) for name in record.keys()}


def _rows(results):
    rows = tuple(map(_row, results.records("rows")))
    keys = [row.key for row in rows]
    if len(set(keys)) != len(keys):
        raise ValueError(
            f"{results.where} is damaged or foreign: expected each key of a row once. "
            f"Received: {keys}. Run the recipe again to write it anew."
        )
    return rows


def _row(record):
    scores = record.record("tflite", optional=True)
    return Row(
        name=record.text("name"),
        key=record.text("key"),
        accuracy=record.fractions("accuracy"),
        neighborhood_overlap=record.fractions("neighborhood_overlap", optional=True),
        parameters=record.integer("parameters"),
        best=record.flag("best"),
        tflite=scores and {name: _score(scores.record(name)) for name in scores.keys()},
        last_accuracy=record.fractions("last_accuracy", optional=True),
        extra_parameters=record.integer("extra_parameters", optional=True),
        relative_time=record.number("relative_time", optional=True),
    )


def _failure(record):
    return Failure(record.text("name"), record.text("key"), record.text("reason"))


def _score(record):
    readers = {
        "bytes": record.integer,
        "zipped_bytes": record.integer,
        "accuracy": record.fraction,
        "agreement": record.fraction,
        "latency_ms": record.number,
        "latency_p95_ms": record.number,
        "minimum_runtime": record.text,
    }
    names = [field.name for field in dataclasses.fields(FileScore)]
    return FileScore(**{name: readers[name](name, optional=True) for name in names})


def _exported(results, rows):
    key = results.text("exported", optional=True)
    if key is not None and key not in [row.key for row in rows]:
        raise ValueError(
            f"{results.where} is damaged or foreign: expected 'exported' to be the key of a row, "
            f"one of {', '.join(row.key for row in rows)}. Received: {key!r}. "
            "Run the recipe again to write it anew."
        )
    return key
