"""Which channels must live and die together: sets of channel numbers, joined as they meet."""

import numpy as np
from numpy.typing import ArrayLike


class Channels:
    """Disjoint sets of channels; each channel is a number, and each set is kept or removable."""

    def __init__(self):
        self._parents = []
        self._kept = set()

    def new(self, count: int, kept: bool = False) -> np.ndarray:
        """Returns the numbers of `count` channels, each a set of its own: (count,) int64."""
        start = len(self._parents)
        numbers = np.arange(start, start + count)
        self._parents.extend(numbers.tolist())
        if kept:
            self.keep(numbers)
        return numbers

    def keep(self, numbers: np.ndarray) -> None:
        """Makes the sets of these channels stay."""
        self._kept.update(np.asarray(numbers).tolist())

    def join(self, first: np.ndarray, second: np.ndarray) -> None:
        """Joins the sets of two equally long arrays of channels, pair by pair."""
        for a, b in zip(first.tolist(), second.tolist(), strict=True):
            self._parents[self._find(a)] = self._find(b)

    def sets(self, numbers: ArrayLike) -> np.ndarray:
        """Returns one number for the set of each channel, an array of the shape of `numbers`."""
        return np.array([self._find(number) for number in np.asarray(numbers).tolist()], "int64")

    def removable(self, numbers: np.ndarray) -> np.ndarray:
        """Returns for each channel whether its set may go, a boolean array."""
        return ~np.isin(self.sets(numbers), self.sets(sorted(self._kept)))

    def _find(self, number):
        while self._parents[number] != number:
            self._parents[number] = self._parents[self._parents[number]]  # halves the path
            number = self._parents[number]
        return number
