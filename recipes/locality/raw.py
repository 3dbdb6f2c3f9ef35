"""The committed rows of the study: one line a run, in one CSV file."""

import csv
import io
import json
import pathlib

from tf_lpdistill import files

FIELDS = (
    "part", "cell", "method", "setting", "seed", "failed", "validation_accuracy", "test_accuracy",
    "train_accuracy", "int8_accuracy", "loss", "parameters", "num_labels", "epochs",
    "feature_norm", "feature_spread", "neighbors_kept", "purity_student", "purity_teacher",
    "purity_in_batch", "cpu_seconds", "wall_seconds", "sha256", "tf_lpdistill", "tensorflow",
    "keras", "python", "hardware",
)  # fmt: skip
_IDENTITY = ("part", "cell", "method", "setting", "seed")
_TEXTS = ("part", "cell", "method", "failed", "sha256", *FIELDS[-5:])
_INTEGERS = ("seed", "parameters", "num_labels", "epochs")


def read(path):
    """Reads rows.

    Args:
        path: the CSV file.

    Returns:
        List of dicts with the fields that each row has: numbers, texts, "setting" a dict. Empty
        when there is no file.

    Raises:
        ValueError: for other columns than `FIELDS`.
    """
    path = pathlib.Path(path)
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != FIELDS:
            raise ValueError(
                f"{path} must have the columns {', '.join(FIELDS)}. Received: {reader.fieldnames}. "
                "A file of another version of the study cannot be gone on with: name another one."
            )
        return [{k: _parse(k, v) for k, v in row.items() if v != ""} for row in reader]


def merge(path, rows):
    """Adds rows to a file and leaves those that it has as they are.

    Args:
        path: the CSV file; made where it is missing.
        rows: list of dicts as `read` and `Records.read` give them.

    Returns:
        How many rows were new.
    """
    known = read(path)
    found = {_identity(row): row for row in rows} | {_identity(row): row for row in known}
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, FIELDS, restval="", lineterminator="\n")
    writer.writeheader()
    for _, row in sorted(found.items()):
        writer.writerow(row | {"setting": _setting(row)})
    files.write_text(path, buffer.getvalue())
    return len(found) - len(known)


def _identity(row):
    return tuple(_setting(row) if name == "setting" else row[name] for name in _IDENTITY)


def _setting(row):
    return json.dumps(row["setting"], sort_keys=True)


def _parse(name, value):
    if name == "setting":
        return json.loads(value)
    if name in _TEXTS:
        return value
    return int(value) if name in _INTEGERS else float(value)
