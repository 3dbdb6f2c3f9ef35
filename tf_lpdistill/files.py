"""Files that are either whole or absent: write to a temporary name, then rename."""

import contextlib
import hashlib
import json
import os
import pathlib
import uuid


@contextlib.contextmanager
def atomic_path(path):
    """Yields a temporary path beside `path` and renames it to `path` on success.

    On any error the temporary file is removed and an earlier file at `path` is left as it was.
    The temporary name keeps the suffix of `path`, so writers that look at it (Keras does) behave
    the same.

    Args:
        path: the final path, `str` or `pathlib.Path`; missing parent folders are made.

    Yields:
        A `pathlib.Path` to write to.

    Raises:
        OSError: when the folder cannot be made, or the disk refuses the file.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    suffixes = "".join(path.suffixes)
    stem = path.name[: len(path.name) - len(suffixes)] if suffixes else path.name
    temporary = path.with_name(f".{stem}-{uuid.uuid4().hex[:8]}.part{suffixes}")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path, text):
    """Writes `text` (UTF-8) to `path`, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path, value):
    """Writes `value` as indented JSON to `path`, whole or not at all."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def sha256(path):
    """Returns the SHA-256 of the file at `path` as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
