"""The nearest neighbours of every training sample among all others (Eq. 4)."""

import dataclasses
from typing import Self

import numpy as np

from tf_lpdistill.graph import archive
from tf_lpdistill.graph.batches import NeighborBatches, check_integer
from tf_lpdistill.graph.checkpoint import Checkpoint
from tf_lpdistill.graph.features import Features
from tf_lpdistill.graph.whole_set import METHODS, find_neighbors
from tf_lpdistill.types import PathLike


@dataclasses.dataclass(frozen=True, eq=False)
class NeighborGraph:
    """Each sample's nearest other samples in the whole training set, nearest first.

    It is made by `build` or `load`. Distances are squared Euclidean ones. The rules are those of
    the loss: a distance below 1e-5 of the two squared norms, taken about the mean of all features,
    counts as 0; ties go to the lower position; a sample is not its own neighbour, its duplicates
    are.

    Args:
        indices: (n, k) int32 positions of the neighbours.
        squared_distances: (n, k) float32, in the squared unit of the features.
        num_features: d, the numbers in one feature.
        method: "tensorflow" or "faiss".
        pca: dimensions that the candidates were searched in, or None for the features themselves.
        recall: share of the exact neighbours found, measured on a sample; 1.0 for an exact graph.
        fingerprint: SHA-256 of the features.

    Reference: Chen, Wang, Xu, Xu, Tao, Learning Student Networks via Feature Embedding, IEEE TNNLS
    2021 (https://arxiv.org/abs/1812.06597): the N(i) of Eq. 5 over the whole set, as Eq. 4 has it.
    """

    indices: np.ndarray
    squared_distances: np.ndarray
    num_features: int
    method: str
    pca: int | None
    recall: float
    fingerprint: str

    @property
    def num_samples(self) -> int:
        """n, the samples of the training set."""
        return self.indices.shape[0]

    @property
    def num_neighbors(self) -> int:
        """k, the neighbours of a sample."""
        return self.indices.shape[1]

    @classmethod
    def build(
        cls,
        features: np.ndarray,
        num_neighbors: int = 10,
        *,
        method: str = "tensorflow",
        pca: int | None = None,
        block_size: int = 2048,
        directory: PathLike | None = None,
    ) -> Self:
        """Finds the neighbours of all samples.

        The work is n^2 d, in blocks of `block_size` samples (b): memory, beside the features and
        the result, is about 20 b d + 30 b^2 bytes and 100 MB for the last look at the candidates.
        A bar shows the progress where there is a terminal.

        Args:
            features: (n, ...) array, n >= 2, in memory or memory-mapped; of float16, float32, or
                other real numbers that float32 holds. Each sample is flattened.
            num_neighbors: k, 1 to n - 1.
            method: "tensorflow"; or "faiss", from the package faiss-cpu, which holds a float32 copy
                of the features in memory. Both are exact.
            pca: search the candidates in this many principal dimensions, 1 to d - 1: faster for
                long features, and no longer exact. 2 k + 8 candidates are still measured and
                ordered by their true distances, and the recall on 1,000 samples is printed and
                kept. None is exact.
            block_size: b, >= 1. An exact result does not depend on it.
            directory: folder that keeps each finished block, so that a killed build goes on where
                it was when called again; it can be deleted afterwards. None keeps nothing.

        Returns:
            A `NeighborGraph`.

        Raises:
            ImportError: for "faiss" without faiss-cpu.
            ValueError: when an argument is out of bounds, features are not finite, or `directory`
                holds another build.
        """
        if method not in METHODS:
            raise ValueError(f"`method` must be one of {METHODS}. Received: method={method!r}")
        block_size = check_integer("block_size", block_size, 1)
        features = Features(features, block_size)
        k = check_integer("num_neighbors", num_neighbors, 1, len(features) - 1, "samples - 1")
        if pca is not None:
            pca = check_integer("pca", pca, 1, features.width - 1, "numbers in a feature - 1")
        about = {
            "num_features": features.width,
            "method": method,
            "pca": pca,
            "fingerprint": features.fingerprint,
        }
        settings = {**about, "num_neighbors": k, "block_size": block_size}
        checkpoint = Checkpoint(directory, settings)
        indices, distances, recall = find_neighbors(features, k, method, pca, checkpoint)
        return cls(indices, distances, recall=recall, **about)

    def save(self, path: PathLike) -> None:
        """Writes the graph to one file, whole or not at all.

        Args:
            path: the file, by custom with the suffix `.npz`.
        """
        arrays = {"indices": self.indices, "squared_distances": self.squared_distances}
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        about = {name: value for name, value in fields.items() if name not in arrays}
        archive.write(path, about, arrays)

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Reads a graph that `save` wrote.

        Args:
            path: the file.

        Returns:
            A `NeighborGraph`.

        Raises:
            FileNotFoundError: when there is no such file.
            ValueError: when the file is damaged or holds something else.
        """
        about, arrays = archive.read(path)
        names = {field.name for field in dataclasses.fields(cls)}
        if {*about, *arrays} != names:
            raise ValueError(
                f"{path} holds a part of a build, not a graph. Expected: a file that `save` wrote. "
                f"Received: {', '.join(sorted({*about, *arrays}))}"
            )
        return cls(**arrays, **about)

    def batches(
        self, batch_size: int = 128, seeds: int = 32, *, repeat: bool = False, seed: int = 0
    ) -> NeighborBatches:
        """Makes batches in which samples meet their neighbours, for `data.ordered_batches`.

        Args:
            batch_size: samples a batch, 2 to n.
            seeds: seeds a batch; see `NeighborBatches`.
            repeat: whether a sample may come again within an epoch.
            seed: integer >= 0.

        Returns:
            `NeighborBatches`: iterable over the positions of each batch, with `measure()`.

        Raises:
            ValueError: when an argument is out of bounds.
        """
        return NeighborBatches(self.indices, batch_size, seeds, repeat, seed)
