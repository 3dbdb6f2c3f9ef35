"""The neighbours of all samples, block by block, and how many of the true ones were found."""

import sys

import numpy as np

from tf_lpdistill.graph.checkpoint import Checkpoint
from tf_lpdistill.graph.faiss_search import faiss_search
from tf_lpdistill.graph.features import Features
from tf_lpdistill.graph.projection import project
from tf_lpdistill.graph.search import nearest, tensorflow_search

METHODS = ("tensorflow", "faiss")
_RECALL_SAMPLES = 1000


def find_neighbors(
    features: Features, num_neighbors: int, method: str, pca: int | None, checkpoint: Checkpoint
) -> tuple[np.ndarray, np.ndarray, float]:
    """Finds the neighbours of all samples.

    Args:
        features: `Features`.
        num_neighbors: k, below n.
        method: one of `METHODS`.
        pca: dimensions that candidates are searched in, or None for the features themselves.
        checkpoint: `Checkpoint` that keeps the finished blocks.

    Returns:
        `(indices, squared_distances, recall)`: int32 and float32 (n, k), and a float that is 1.0
        without `pca`, and with it measured on 1,000 samples and printed.
    """
    make_search = {"tensorflow": tensorflow_search, "faiss": faiss_search}[method]
    blocks = [np.arange(block.start, block.stop) for block in features.blocks()]
    if pca is None:
        search = make_search(features)
        found = _in_blocks(features, search, blocks, num_neighbors, True, "neighbours", checkpoint)
        return *found, 1.0
    projected = checkpoint.get("projection", lambda: {"x": project(features, pca)})["x"]
    search = make_search(Features(projected, features.block_size))
    found = _in_blocks(features, search, blocks, num_neighbors, False, "neighbours", checkpoint)
    recall = _measure_recall(features, found[0], checkpoint)
    samples = min(len(features), _RECALL_SAMPLES)
    print(f"{pca} dimensions found {recall:.4f} of the true neighbours of {samples} samples.")
    return *found, recall


def _measure_recall(features, indices, checkpoint):
    """Share of the true neighbours of some random samples that `indices` holds."""
    sample = np.random.default_rng(0).permutation(len(features))[:_RECALL_SAMPLES]
    blocks = np.split(sample, range(features.block_size, len(sample), features.block_size))
    search = tensorflow_search(features)
    true, _ = _in_blocks(features, search, blocks, indices.shape[1], True, "recall", checkpoint)
    return float((true[:, :, None] == indices[sample][:, None, :]).any(axis=2).mean())


def _in_blocks(features, search, blocks, num_neighbors, exact, title, checkpoint):
    """Finds the neighbours of one block of rows after the other; returns them as one."""
    from tqdm import tqdm

    def find(rows):
        found = nearest(features, search, rows, num_neighbors, exact)
        return dict(zip(("indices", "squared_distances"), found, strict=True))

    total, silent = sum(map(len, blocks)), not sys.stderr.isatty()
    results = []
    with tqdm(total=total, desc=title, unit="sample", disable=silent) as bar:
        for i, rows in enumerate(blocks):
            results.append(checkpoint.get(f"{title}_{i:05d}", lambda rows=rows: find(rows)))
            bar.update(len(rows))
    return tuple(
        np.concatenate([result[name] for result in results])
        for name in ("indices", "squared_distances")
    )
