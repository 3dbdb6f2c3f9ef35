"""Features of a training set, read in blocks so that a memory-mapped file stays on the disk."""

import hashlib
from collections.abc import Iterator

import numpy as np

# Larger numbers, squared and summed, leave the range of float32.
_LARGEST = 1e15


class Features:
    """Checked features with their mean, in memory or memory-mapped.

    Two passes are made over the data at once, of `block_size` samples at a time; no copy is kept.

    Args:
        source: (n, ...) array of real numbers (floats up to 64 bits, integers); compared as
            float32.
        block_size: samples that are held in float32 at a time, >= 1.

    Attributes:
        squared_norms: (n,) float32, of the features less their mean.
        fingerprint: SHA-256 of dtype, shape and content, 64 hexadecimal digits.

    Raises:
        ValueError: when the array is of another form, has fewer than two samples, or holds numbers
            that are not finite or too large.
    """

    def __init__(self, source: np.ndarray, block_size: int):
        source = source if isinstance(source, np.ndarray) else np.asarray(source)
        if source.dtype.kind not in "fiu" or source.dtype.itemsize > 8 or source.ndim < 2:
            raise ValueError(
                "`features` must be numbers of shape (samples, ...), one feature a sample. "
                f"Received: shape={source.shape}, dtype={source.dtype}"
            )
        if len(source) < 2 or 0 in source.shape:
            raise ValueError(
                "`features` must hold at least 2 samples, and a number in each. "
                f"Received: shape={source.shape}"
            )
        self._source, self.block_size = source, block_size
        self._mean, self.fingerprint = self._survey()
        self.squared_norms = np.concatenate(
            [np.square(self.centered(block)).sum(axis=1) for block in self.blocks()]
        )

    def __len__(self):
        """Returns the number of samples."""
        return len(self._source)

    @property
    def width(self) -> int:
        """d, the numbers in one feature."""
        return int(np.prod(self._source.shape[1:]))

    def blocks(self) -> Iterator[slice]:
        """Yields one slice of positions after the other."""
        for start in range(0, len(self), self.block_size):
            yield slice(start, min(start + self.block_size, len(self)))

    def raw(self, rows: slice | np.ndarray) -> np.ndarray:
        """The features at `rows`, a slice or (m,) positions, as they were given: (m, d) float32.

        It may share memory with the source: only to be read.
        """
        block = self._source[rows]
        return block.reshape(len(block), -1).astype(np.float32, copy=False)

    def centered(self, rows: slice | np.ndarray) -> np.ndarray:
        """The features at `rows` less the mean of all: (m, d) float32."""
        return self.raw(rows) - self._mean

    def _survey(self):
        """Returns the mean, (d,) float32, and the fingerprint."""
        digest = hashlib.sha256(f"{self._source.dtype.str} {self._source.shape}".encode())
        total = np.zeros(self.width)
        for block in self.blocks():
            with np.errstate(over="ignore"):  # of float64; the next line refuses what overflows
                values = self.raw(block)
            sound = (np.abs(values) < _LARGEST).all(axis=1)
            if not sound.all():
                raise ValueError(
                    f"`features` must be finite and smaller than {_LARGEST:g}. "
                    f"Received: another number in sample {block.start + sound.argmin()}"
                )
            digest.update(np.ascontiguousarray(self._source[block]))
            total += values.sum(axis=0, dtype=np.float64)
        return (total / len(self)).astype(np.float32), digest.hexdigest()
