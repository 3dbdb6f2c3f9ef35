"""The metrics of trainings: one row an epoch, as dicts and as CSV files."""

import csv

from tf_lpdistill import files


def rows(history, validated):
    """Turns the columns of a Keras history into rows.

    Args:
        history: {metric: one value an epoch, or fewer: one a validated epoch}.
        validated: the epochs, from 1, after which validation was planned.

    Returns:
        A list of one dict of metrics per epoch, "epoch" from 1.
    """
    found = [{"epoch": epoch + 1} for epoch in range(len(history["loss"]))]
    for name, values in history.items():
        measured = validated if len(values) < len(found) else range(1, len(found) + 1)
        for epoch, value in zip(measured, values, strict=False):  # a training may stop early
            found[epoch - 1][name] = value
    return found


def write_curves(path, key, seed, rows):
    """Writes the metrics of one training: those of `fit`, after the method and the seed."""
    write_history(path, [{"method": key, "seed": seed} | row for row in rows])


def gather_curves(run, keys):
    """Joins the metrics of the teacher, and of the students of these methods, in `history.csv`."""
    parts = [run.path("teacher.csv")]
    for key in keys:
        parts += sorted(run.path("students").glob(f"{key}_seed*/history.csv"))
    rows = [row for part in parts if part.exists() for row in read_history(part)]
    if rows:
        write_history(run.path("history.csv"), rows)


def write_history(path, rows):
    """Writes one row per epoch as CSV; a metric that a row does not have stays empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with files.atomic_path(path) as temporary:
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names, restval="")
            writer.writeheader()
            writer.writerows(rows)


def read_history(path):
    """Reads the rows that `write_history` wrote, as dicts of str.

    Raises:
        ValueError: when the file is damaged.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, strict=True))
        for row in rows:
            if None in row or None in row.values():
                raise ValueError(f"a line has not as many cells as the first: {row}")
            for name in row.keys() - {"method"}:
                float(row[name] or "nan")
        return rows
    except (ValueError, csv.Error) as error:
        raise ValueError(
            f"{path} is damaged: expected a CSV table of numbers in UTF-8 ({error}). Remove it: "
            "the curves of a student that trains begin anew, those of a finished one are lost."
        ) from error
