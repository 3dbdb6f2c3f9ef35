"""The folder of a finished cache: a `.npy` file for each array, and `cache.json` that vouches."""

import dataclasses
import json
import os
import pathlib

import keras

from tf_lpdistill.files import json_sha256, write_json
from tf_lpdistill.teachers.cache.rows import RowSpec, checksums

MANIFEST = "cache.json"
_FORMAT = "tf_lpdistill teacher cache 1"
_SETTINGS = {"teacher", "ensemble", "dtype", "inputs", "views", "augmented", "seed"}


@dataclasses.dataclass(frozen=True)
class Contents:
    """What `cache.json` says.

    Args:
        settings: plain JSON values: what was asked for when the cache was made.
        outputs: `{"predictions": ..., "features": {name: ...}}`, structures of array names.
        specs: `{array name: RowSpec}`.
        block_rows: rows of each block, the same blocks in every array.
        crc32: `{array name: [CRC-32 of each block]}`.
    """

    settings: dict
    outputs: dict
    specs: dict
    block_rows: list
    crc32: dict

    def __post_init__(self):
        """Refuses parts that do not fit together: who writes the file can write its checksum."""
        blocks = [self.block_rows, *self.crc32.values()]
        fits = (
            _SETTINGS <= self.settings.keys()
            and {"predictions", "features"} <= self.outputs.keys()
            and self.specs.keys() == self.crc32.keys()
            and set(keras.tree.flatten(self.outputs)) <= self.specs.keys()
            and all(isinstance(n, int) and n > 0 for n in self.block_rows)
            and len({len(block) for block in blocks}) == 1
        )
        if not fits:
            raise ValueError("settings, outputs, arrays and blocks do not belong together")

    @property
    def rows(self) -> int:
        """Rows of each array: samples times views."""
        return sum(self.block_rows)


def write_contents(folder: pathlib.Path, contents: Contents) -> None:
    """Writes the headers of all arrays, sends them to the disk, and writes `cache.json`."""
    for spec in contents.specs.values():
        with open(folder / spec.file, "rb+") as file:
            file.write(spec.header(contents.rows))
            os.fsync(file.fileno())
    record = {"format": _FORMAT, **dataclasses.asdict(contents)}
    write_json(folder / MANIFEST, {**record, "sha256": json_sha256(record)})


def read_contents(folder: pathlib.Path) -> Contents:
    """Reads `cache.json`.

    Raises:
        FileNotFoundError: when there is none.
        ValueError: when it is damaged, or no manifest of a cache.
    """
    path = folder / MANIFEST
    if not path.is_file():
        hint = ""
        if unfinished(folder).exists():
            hint = f" {unfinished(folder)} is an unfinished one: run the same build to finish it."
        raise FileNotFoundError(f"There is no teacher cache in {folder}: {MANIFEST} is not.{hint}")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {error}. Build the cache anew.") from error
    if not isinstance(record, dict) or record.get("format") != _FORMAT:
        found = record.get("format") if isinstance(record, dict) else type(record).__name__
        raise ValueError(
            f"{path} is not from a teacher cache that this version reads. Expected: format "
            f"{_FORMAT!r}. Received: {found!r}"
        )
    if record.pop("sha256", None) != json_sha256(record):
        raise ValueError(f"{path} was changed: its checksum differs. Build the cache anew.")
    record.pop("format")
    try:
        specs = {name: RowSpec(**spec) for name, spec in record.pop("specs").items()}
        return Contents(specs=specs, **record)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is from no cache ({error!r}). Build the cache anew.") from error


def check_files(folder: pathlib.Path, contents: Contents, verify: bool) -> None:
    """Compares the files of a cache with what `cache.json` says of them.

    Args:
        folder: `pathlib.Path`.
        contents: `Contents`.
        verify: read all bytes and compare the checksums, too.

    Raises:
        FileNotFoundError: when a file is missing.
        ValueError: when one has another size, header or checksum.
    """
    for name, spec in contents.specs.items():
        path, header = folder / spec.file, spec.header(contents.rows)
        if not path.is_file():
            raise FileNotFoundError(f"The teacher cache is damaged: {path} is missing.")
        expected, size = len(header) + contents.rows * spec.row_bytes, path.stat().st_size
        if size != expected:
            raise ValueError(
                f"{path} is damaged: expected {expected:,} bytes. Received: {size:,} bytes. "
                "Build the cache anew."
            )
        with open(path, "rb") as file:
            sound = file.read(len(header)) == header
        found = checksums(folder, spec, contents.block_rows) if verify else contents.crc32[name]
        if not sound or list(found) != contents.crc32[name]:
            raise ValueError(
                f"{path} is damaged: its bytes are not those that were written (a checksum "
                "differs). Build the cache anew."
            )


def unfinished(folder: pathlib.Path) -> pathlib.Path:
    """Where a cache is written until it is whole: a hidden folder beside its final place."""
    folder = folder.absolute()  # "." has no name
    return folder.with_name(f".{folder.name}.part")
