"""The committed rows of the study: one line a run, in one CSV file."""

import csv
import io
import json
import pathlib

from tf_lpdistill import files

FIELDS = (
    "part", "cell", "method", "setting", "seed", "failed", "validation_accuracy", "test_accuracy",
    "train_accuracy", "int8_accuracy", "int8_bytes", "int8_latency_ms", "loss", "parameters",
    "num_labels", "epochs", "feature_norm", "feature_spread", "neighbors_kept", "purity_student",
    "purity_teacher", "purity_in_batch", "cpu_seconds", "wall_seconds", "sha256", "tf_lpdistill",
    "tensorflow", "keras", "python", "hardware",
)  # fmt: skip
_SHARES = tuple(name for name in FIELDS if name.endswith("_accuracy"))
_IDENTITY = ("part", "cell", "method", "setting", "seed")
_TEXTS = ("part", "cell", "method", "failed", "sha256", *FIELDS[-5:])
_INTEGERS = ("seed", "int8_bytes", "parameters", "num_labels", "epochs")


def read(path):
    """Reads rows.

    Args:
        path: the CSV file.

    Returns:
        List of dicts with the fields that each row has: numbers, texts, "setting" a dict. Empty
        when there is no file.

    Raises:
        ValueError: for other columns than `FIELDS`, and for a line that cannot be of a run. The
            lines have no checksums: people read and sort the file, and version control keeps it.
    """
    path = pathlib.Path(path)
    if not path.exists():
        return []
    number = 1
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.reader(file, strict=True)
            columns, rows = next(reader, []), {}
            for cells in reader if tuple(columns) == FIELDS else ():
                number = reader.line_num
                row = _parse(cells)
                if rows.setdefault(_identity(row), row) is not row:
                    raise ValueError("the same run twice")
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise ValueError(
            f"{path} is damaged at line {number}: {error}. Take it from version control again."
        ) from error
    if tuple(columns) != FIELDS:
        raise ValueError(
            f"{path} must have the columns {', '.join(FIELDS)}. Received: {columns}. "
            "A file of another version of the study cannot be gone on with: name another one."
        )
    return list(rows.values())


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
        writer.writerow(row | {"setting": setting_text(row["setting"])})
    files.write_text(path, buffer.getvalue())
    return len(found) - len(known)


def _identity(row):
    return tuple(
        setting_text(row["setting"]) if name == "setting" else row[name] for name in _IDENTITY
    )


def setting_text(setting):
    """A setting as the file has it: equal ones have the same text."""
    return json.dumps(setting, sort_keys=True)


def _parse(cells):
    if len(cells) != len(FIELDS):
        raise ValueError(f"a run has {len(FIELDS)} cells. Received: {len(cells)}")
    row = {k: _value(k, v) for k, v in zip(FIELDS, cells, strict=True) if v != ""}
    wrong = [name for name in _SHARES if not 0.0 <= row.get(name, 0.0) <= 1.0]
    if wrong or not isinstance(row["setting"], dict):
        raise ValueError(f"{wrong or 'setting'} cannot be. Received: {cells}")
    return row


def _value(name, value):
    if name == "setting":
        return json.loads(value)
    if name in _TEXTS:
        return value
    return int(value) if name in _INTEGERS else float(value)
