"""Rows in a `.npy` file: appended block by block, each block with a checksum, read at random."""

import dataclasses
import io
import pathlib
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping

import numpy as np


@dataclasses.dataclass(frozen=True)
class RowSpec:
    """One array of a cache, without its length.

    Args:
        file: name of its `.npy` file.
        shape: of one row.
        dtype: name of the numpy type, "float16" or "float32".
    """

    file: str
    shape: tuple[int, ...]
    dtype: str

    def __post_init__(self):
        """Makes a tuple of what JSON gives as a list, and lets no file lie elsewhere."""
        if re.fullmatch(r"[a-zA-Z0-9_.-]+\.npy", self.file) is None:
            raise ValueError(
                "A teacher cache holds its arrays in .npy files of its own folder. "
                f"Received: file={self.file!r}"
            )
        object.__setattr__(self, "shape", tuple(self.shape))
        sizes = all(isinstance(size, int) and size >= 0 for size in self.shape)
        if not sizes or self.dtype not in ("float16", "float32"):
            raise ValueError(
                "A row of a teacher cache is of float16 or float32. "
                f"Received: shape={self.shape}, dtype={self.dtype!r}"
            )

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize

    def header(self, rows: int) -> bytes:
        """Returns the header of the file with `rows` rows.

        numpy leaves room in it for the first dimension to grow, so its length does not depend on
        `rows`: it can be written before the number is known, and again at the end.
        """
        buffer, little_endian = io.BytesIO(), np.dtype(self.dtype).newbyteorder("<")
        fields = {"fortran_order": False, "shape": (rows, *self.shape), "descr": little_endian.str}
        np.lib.format.write_array_header_1_0(buffer, fields)
        return buffer.getvalue()


def specs_of(arrays: Mapping[str, np.ndarray]) -> dict[str, RowSpec]:
    """Returns `{name: RowSpec}` for arrays (rows, ...) that are to be stored as they are."""
    specs = {}
    for i, (name, array) in enumerate(arrays.items()):
        file = f"{i}_{re.sub(r'[^a-zA-Z0-9_.-]', '_', name)}.npy"
        specs[name] = RowSpec(file, array.shape[1:], array.dtype.name)
    return specs


def append(folder: pathlib.Path, spec: RowSpec, start: int, rows: np.ndarray) -> int:
    """Writes rows behind the first `start` ones, and nothing else behind them.

    Args:
        folder: `pathlib.Path`.
        spec: `RowSpec`.
        start: number of rows that the file holds already; 0 makes the file.
        rows: (number, *spec.shape) array of the dtype of `spec`.

    Returns:
        CRC-32 of the bytes written.
    """
    content = np.ascontiguousarray(rows, np.dtype(spec.dtype).newbyteorder("<")).data.cast("B")
    header = spec.header(0)
    with open(folder / spec.file, "rb+" if start else "wb") as file:
        if not start:
            file.write(header)
        file.seek(len(header) + start * spec.row_bytes)
        file.write(content)
        file.truncate()
    return zlib.crc32(content)


def checksums(folder: pathlib.Path, spec: RowSpec, block_rows: Iterable[int]) -> Iterator[int]:
    """Reads a file through.

    Args:
        folder: `pathlib.Path`.
        spec: `RowSpec`.
        block_rows: rows of each block.

    Yields:
        The CRC-32 of each block; of less than the block where the file ends early.
    """
    with open(folder / spec.file, "rb") as file:
        file.seek(len(spec.header(0)))
        for rows in block_rows:
            yield zlib.crc32(file.read(rows * spec.row_bytes))


def memory_map(folder: pathlib.Path, spec: RowSpec, rows: int) -> np.ndarray:
    """Maps a finished file into memory, read-only: (rows, *spec.shape)."""
    shape, offset = (rows, *spec.shape), len(spec.header(rows))
    dtype = np.dtype(spec.dtype).newbyteorder("<")
    return np.memmap(folder / spec.file, dtype, mode="r", offset=offset, shape=shape)
