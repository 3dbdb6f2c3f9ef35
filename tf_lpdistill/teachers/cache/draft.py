"""A cache that is being written: killed at any point, it goes on from its last sound block."""

import dataclasses
import json
import os
import pathlib
import shutil
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from tf_lpdistill.files import atomic_path, lock
from tf_lpdistill.teachers.cache.folder import Contents, unfinished, write_contents
from tf_lpdistill.teachers.cache.rows import RowSpec, append, checksums, memory_map
from tf_lpdistill.types import Structure

_JOURNAL = "journal"


class Draft:
    """Arrays that grow by blocks in a hidden folder beside the final one.

    A journal begins with a line about settings and arrays, and gets one behind every block that was
    written. On opening, the longest run of lines and blocks whose checksums hold is kept; what
    stands behind it is written over.

    Args:
        directory: `pathlib.Path` of the finished cache to be.
        settings: plain JSON values; a draft begun with others is refused.

    Raises:
        ValueError: when a draft of other settings stands there already.
        FileExistsError: when `directory` is something else than an empty folder.
        BlockingIOError: when another process is writing it.
    """

    def __init__(self, directory: pathlib.Path, settings: dict[str, Any]):
        if directory.exists():
            _make_room(directory)
        self.directory, self.settings = directory, settings
        self._folder = unfinished(directory)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._unlock = lock(
            self._folder,
            f"Another process is building the teacher cache in {self._folder}. Wait for it, and "
            "open what it made.",
        )
        self.restart()
        try:
            self._go_on()
        except BaseException:
            self._unlock()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *error):
        """Lets go of the folder, and removes it where there is nothing to go on from."""
        self._unlock()
        if not self.block_rows:
            shutil.rmtree(self._folder)

    def _go_on(self):
        """Takes up what an earlier process left."""
        journal = self._folder / _JOURNAL
        records = list(_sound_records(journal.read_bytes())) if journal.is_file() else []
        if not records:
            return
        head = records[0]
        check_same(self._folder, head["settings"], self.settings)
        specs = {name: RowSpec(*fields) for name, fields in head["specs"].items()}
        self._set_arrays(specs, head["outputs"])
        whole = all((self._folder / spec.file).is_file() for spec in specs.values())
        blocks = records[1:] if whole else []
        rows = [block["rows"] for block in blocks]
        found = [checksums(self._folder, spec, rows) for spec in self.specs.values()]
        for block in blocks:
            if [next(crc32) for crc32 in found] != block["crc32"]:
                break
            self._note(block)
        kept = records[: 1 + len(self.block_rows)]
        with atomic_path(journal) as temporary:
            temporary.write_bytes(b"".join(map(_sealed, kept)))

    @property
    def rows(self) -> int:
        """Rows written so far."""
        return sum(self.block_rows)

    @property
    def folder(self) -> pathlib.Path:
        """Where it is written."""
        return self._folder

    def restart(self) -> None:
        """Gives up the blocks written so far: the next `begin` writes over them."""
        self.block_rows = []
        self._set_arrays({}, None)

    def begin(self, specs: Mapping[str, RowSpec], outputs: Structure) -> None:
        """Fixes `specs` and `outputs`, as in `Contents`; once, before the first block."""
        self._set_arrays(specs, outputs)
        fields = {name: dataclasses.astuple(spec) for name, spec in specs.items()}
        self._log({"settings": self.settings, "specs": fields, "outputs": outputs}, "wb")

    def add(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Writes one block: `{name: array (rows, ...)}`, each of the dtype of its spec."""
        start, rows = self.rows, len(next(iter(arrays.values())))
        crc32 = [append(self._folder, s, start, arrays[k]) for k, s in self.specs.items()]
        block = {"rows": rows, "crc32": crc32}
        self._log(block, "ab")
        self._note(block)

    def read(self, name: str, start: int, rows: int) -> np.ndarray:
        """Returns `rows` rows of an array from `start` on."""
        return memory_map(self._folder, self.specs[name], self.rows)[start : start + rows]

    def finish(self) -> None:
        """Writes `cache.json` and moves the folder to its place, in one step."""
        write_contents(
            self._folder,
            Contents(self.settings, self.outputs, self.specs, self.block_rows, self._crc32),
        )
        os.replace(self._folder, self.directory)
        remove_journal(self.directory)

    def _log(self, record, mode):
        with open(self._folder / _JOURNAL, mode) as file:
            file.write(_sealed(record))

    def _set_arrays(self, specs, outputs):
        self.specs, self.outputs = specs, outputs
        self._crc32 = {name: [] for name in specs}

    def _note(self, block):
        self.block_rows.append(block["rows"])
        for name, crc32 in zip(self.specs, block["crc32"], strict=True):
            self._crc32[name].append(crc32)


def remove_journal(directory: pathlib.Path) -> None:
    """Removes what a finished cache needs no longer, and a process killed at its end left there."""
    (directory / _JOURNAL).unlink(missing_ok=True)


def check_same(folder: pathlib.Path, made: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    """Refuses to go on with a cache that was made, or begun, with other settings.

    Args:
        folder: where it stands.
        made: its settings.
        asked: the settings now.

    Raises:
        ValueError: naming each setting that differs.
    """
    keys = [key for key in {**made, **asked} if made.get(key) != asked.get(key)]
    if keys:
        pairs = [f"{key}={asked.get(key)} (there: {made.get(key)})" for key in keys]
        raise ValueError(
            f"{folder} was made with other settings than these: {', '.join(keys)}. Received: "
            f"{'; '.join(pairs)}. Name another folder for the cache, or remove that one."
        )


def _sealed(record):
    """A line of the journal: its checksum and the record."""
    content = json.dumps(record).encode()
    return b"%08x %s\n" % (zlib.crc32(content), content)


def _sound_records(journal):
    """Yields the records of a journal up to the first line that was cut short or damaged."""
    for line in journal.splitlines(keepends=True):
        content = line[9:-1]
        if line != b"%08x %s\n" % (zlib.crc32(content), content):
            return
        yield json.loads(content)


def _make_room(directory):
    """Removes an empty folder, since a mount point or the working folder could not be replaced."""
    try:
        directory.rmdir()
    except OSError as error:
        raise FileExistsError(
            f"{directory} exists and is not empty, or cannot be replaced. Name another folder for "
            "the cache, or remove it."
        ) from error
