"""Batches in which samples meet their neighbours of the whole training set."""

import dataclasses
import operator
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class NeighborBatches:
    """Positions for batches made of seeds, their neighbours, and random samples.

    Each batch begins with `seeds` random samples that the epoch has not shown yet. Then come their
    nearest neighbours, then their second nearest, and so on until the batch is full or the
    neighbours are used up; random samples not shown yet fill what is left. The batches of an epoch
    are given in random order, since later ones find fewer neighbours. The epoch is a pure function
    of `seed` and its number.

    Args:
        neighbors: (n, k) int32, the positions of each sample's neighbours, nearest first.
        batch_size: samples a batch, 2 to n.
        seeds: seeds a batch, 1 to `batch_size`. Fewer seeds bring more neighbours of each.
        repeat: False: no sample twice in an epoch, as in ordinary training; it shows all but the
            n % batch_size samples that fill no batch. True: neighbours come again as often as seeds
            ask for them; more neighbours meet, and fewer samples are seen. `measure` says how many.
        seed: integer >= 0.

    Raises:
        ValueError: when an argument is out of these bounds.

    Examples:
        >>> ring = np.stack([np.arange(1, 9) % 8, np.arange(-1, 7) % 8], axis=1)
        >>> batches = NeighborBatches(ring, batch_size=3, seeds=1, repeat=True)
        >>> len(batches), batches.measure()["neighbor_recall"] > 0.6
        (2, True)
    """

    neighbors: np.ndarray
    batch_size: int = 128
    seeds: int = 32
    repeat: bool = False
    seed: int = 0

    def __post_init__(self):
        """Checks the arguments."""
        check_integer("batch_size", self.batch_size, 2, len(self.neighbors), "samples")
        check_integer("seeds", self.seeds, 1, self.batch_size, "the batch size")
        check_integer("seed", self.seed, 0)

    def __len__(self):
        """Returns the number of batches in an epoch, n // batch_size."""
        return len(self.neighbors) // self.batch_size

    def __iter__(self):
        """Yields the batches of epoch 0, int64 (batch_size,) each."""
        return iter(self.epoch(0))

    def epoch(self, epoch: int) -> np.ndarray:
        """Draws the batches of an epoch.

        Args:
            epoch: integer >= 0.

        Returns:
            int64 (len(self), batch_size): positions, none twice in a batch.
        """
        random = np.random.default_rng([self.seed, int(epoch)])
        order = random.permutation(len(self.neighbors))
        seen = np.zeros(len(order), bool)
        batches = np.empty((len(self), self.batch_size), np.int64)
        start = 0
        for batch in batches:
            while seen[order[start]]:
                start += 1
            batch[:] = self._draw(order[start:], seen)
            seen[batch] = True
        return random.permutation(batches)

    def _draw(self, order, seen):
        """One batch; `order` holds at least `batch_size` samples that were not seen."""
        # Unseen ones for the seeds, and as many again as it takes to fill up without neighbours.
        fresh = _unseen(order, seen, self.batch_size)
        seeds = fresh[: self.seeds]
        near = self.neighbors[seeds].T.ravel()
        near = near if self.repeat else near[~seen[near]]
        wanted = np.concatenate([seeds, near, fresh[self.seeds :]])
        _, first = np.unique(wanted, return_index=True)
        return wanted[np.sort(first)[: self.batch_size]]

    def measure(self, epochs: int = 1) -> dict[str, float]:
        """Measures what the batches of the first epochs hold.

        Args:
            epochs: how many epochs to draw, >= 1.

        Returns:
            Dict of floats in [0, 1]: "coverage", the share of all samples that an epoch shows;
            "neighbor_recall", the share of a sample's k neighbours that stand in its batch; and
            "random_recall", what random batches hold: (batch_size - 1) / (n - 1).

        Raises:
            ValueError: when `epochs` is not a positive integer.
        """
        epochs = check_integer("epochs", epochs, 1)
        coverage, recall = [], []
        for epoch in range(epochs):
            drawn = self.epoch(epoch)
            coverage.append(len(np.unique(drawn)) / len(self.neighbors))
            recall += [np.isin(self.neighbors[batch], batch).mean() for batch in drawn]
        return {
            "coverage": float(np.mean(coverage)),
            "neighbor_recall": float(np.mean(recall)),
            "random_recall": (self.batch_size - 1) / (len(self.neighbors) - 1),
        }


def check_integer(
    name: str, value: Any, lowest: int, highest: int | None = None, what: str | None = None
) -> int:
    """Returns an argument as an int.

    Args:
        name: its name.
        value: what was given.
        lowest: the smallest value allowed.
        highest: the largest one; None: there is none.
        what: what `highest` is.

    Raises:
        ValueError: when it is no integer, or out of bounds.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or number < lowest or (highest is not None and number > highest):
        bounds = f"at least {lowest}" if highest is None else f"{lowest} to {highest} ({what})"
        raise ValueError(f"`{name}` must be an integer, {bounds}. Received: {name}={value!r}")
    return number


def _unseen(order, seen, count):
    """The first `count` samples of `order` that were not seen; there are that many."""
    width = 2 * count
    while True:
        fresh = order[:width][~seen[order[:width]]]
        if len(fresh) >= count:
            return fresh[:count]
        width *= 2
