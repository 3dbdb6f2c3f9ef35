"""history.csv: one line per method, seed and epoch."""

import csv
import pathlib
from collections.abc import Sequence

import numpy as np

from tf_lpdistill.report.run import History, Row

_KEYS = ("method", "seed", "epoch")


def read_history(path: pathlib.Path, rows: Sequence[Row]) -> History | None:
    """Reads the learning curves of a run.

    Args:
        path: `pathlib.Path` of a CSV file with the columns method, seed, epoch and one column a
            metric; a cell is empty where a method has no such metric.
        rows: the `Row`s of the run; the column "method" holds their keys or names.

    Returns:
        A `History`, or `None` when there is no such file or it has no lines.

    Raises:
        ValueError: when a column is missing, a cell is no number, a method is unknown, or an
            epoch is there twice. The text names the file and the line.
    """
    if not path.is_file():
        return None
    try:
        with open(path, encoding="utf-8", newline="") as file:
            table = csv.DictReader(file, restkey="", strict=True)
            columns = tuple(table.fieldnames or ())
            metrics = tuple(name for name in columns if name not in _KEYS)
            _check_columns(path, columns, metrics)
            lines = [_parse(path, table.line_num, line, rows) for line in table]
    except (UnicodeDecodeError, csv.Error) as error:
        raise _damaged(path, "expected a CSV table in UTF-8", error) from error
    return _stack(path, metrics, lines) if lines else None


def _check_columns(path, columns, metrics):
    unique = len(set(columns)) == len(columns) and "" not in columns
    if not (set(_KEYS) <= set(columns) and metrics and unique):
        raise _damaged(
            path, f"expected the columns {', '.join(_KEYS)} and one a metric, each once", columns
        )


def _parse(path, number, line, rows):
    key = next((row.key for row in rows if line["method"] in (row.key, row.name)), None)
    if key is None:
        expected = f"line {number}: expected a method of results.json, one of "
        raise _damaged(path, expected + ", ".join(row.key for row in rows), line["method"])
    try:
        seed, epoch = int(line["seed"]), int(line["epoch"])
        # restkey and a short line's None fail here as well: neither is a number.
        values = {
            name: float(cell) if cell != "" else np.nan
            for name, cell in line.items()
            if name not in _KEYS
        }
    except (TypeError, ValueError) as error:
        raise _damaged(path, f"line {number}: expected a number in each cell", error) from error
    return key, seed, epoch, values


def _stack(path, metrics, lines):
    """Returns the curves as arrays (seeds, epochs), seeds and epochs in ascending order."""
    curves = {}
    for key in dict.fromkeys(line[0] for line in lines):
        mine = [line for line in lines if line[0] == key]
        seeds = sorted({seed for _, seed, _, _ in mine})
        epochs = sorted({epoch for _, _, epoch, _ in mine})
        if len({(seed, epoch) for _, seed, epoch, _ in mine}) != len(mine):
            raise _damaged(path, f"expected each seed and epoch of {key!r} once", "duplicates")
        arrays = {name: np.full((len(seeds), len(epochs)), np.nan) for name in metrics}
        for _, seed, epoch, values in mine:
            place = seeds.index(seed), epochs.index(epoch)
            for name, value in values.items():
                # A loss that overflowed leaves a gap in its curve, as NaN does.
                arrays[name][place] = value if np.isfinite(value) else np.nan
        curves[key] = arrays
    return History(metrics, curves)


def _damaged(path, expected, received):
    return ValueError(
        f"{path.name} is damaged or foreign: {expected}. Received: {received}. "
        "Run the recipe again to write it anew, or delete it to leave the curves out."
    )
