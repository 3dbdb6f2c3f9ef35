"""A finished cache as it is read: its arrays in memory maps, and what they belong to."""

import hashlib
import json
import pathlib

import numpy as np

from tf_lpdistill.teachers.cache.folder import Contents
from tf_lpdistill.teachers.cache.rows import memory_map
from tf_lpdistill.teachers.cache.samples import describe_inputs, same_shapes
from tf_lpdistill.types import Structure


class Store:
    """The arrays of a finished cache.

    Args:
        folder: `pathlib.Path`.
        contents: `Contents`, compared with the files beforehand.

    Attributes:
        settings: what was asked for when the cache was made.
        outputs: structure of array names, as in `Contents`.
        arrays: `{array name: read-only memory map (rows, ...)}`; rows are views times samples.
    """

    def __init__(self, folder: pathlib.Path, contents: Contents):
        self.folder, self._contents = folder, contents
        self.settings, self.outputs = contents.settings, contents.outputs
        self.arrays = {
            name: memory_map(folder, spec, contents.rows) for name, spec in contents.specs.items()
        }

    @property
    def rows(self) -> int:
        """Rows of each array."""
        return self._contents.rows

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.arrays.values())

    def read(self, name: str, start: int, rows: int) -> np.ndarray:
        """Returns `rows` rows of an array from `start` on."""
        return self.arrays[name][start : start + rows]

    def check_inputs(self, inputs: Structure) -> None:
        """Compares the shapes of a batch, concrete or symbolic, with what the teacher saw.

        Raises:
            ValueError: when they differ.
        """
        expected, found = self.settings["inputs"], describe_inputs(inputs)
        if expected is not None and not same_shapes(found, expected):
            raise ValueError(
                f"The teacher cache {self.folder} was built from inputs of other shapes. "
                f"Expected: {expected} (shape of a sample, dtype). Received: {found}"
            )

    def fingerprint(self) -> str | None:
        """Returns the teacher's fingerprint; of arrays without a Keras teacher, their own."""
        record = json.dumps([self.outputs, self._contents.crc32], sort_keys=True)
        return self.settings["teacher"] or hashlib.sha256(record.encode()).hexdigest()
