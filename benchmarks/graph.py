"""What it costs to find the neighbours of a whole training set: time, memory, recall.

    python benchmarks/graph.py            # two to four minutes, into docs/results/graph.md
    python benchmarks/graph.py --large    # long features of many samples as well: takes long
    python benchmarks/graph.py --quick    # does it run?

Each build runs once, in a process of its own, on a memory-mapped float16 file of made-up features:
40 random directions and noise, so that PCA has something to find. Time and memory hardly depend on
the values, the recall does: docs/graph.md has some of real features. The memory of the mapped file
is not counted: the system takes it back where it is short.
"""

import importlib.util
import pathlib
import tempfile
import time

import numpy as np
from absl import flags

import common
from tf_lpdistill import NeighborGraph

FLAGS = flags.FLAGS
flags.DEFINE_bool("large", False, "20,000 and 50,000 samples of 4,096 numbers as well.")

SIZES = [(5_000, 512), (10_000, 512), (20_000, 512), (10_000, 4_096)]
LARGE = [(20_000, 4_096), (50_000, 4_096)]
PCA = 128
NEIGHBORS = 10


def write_features(path, n, d):
    """Writes (n, d) float16 features, block by block."""
    random = np.random.default_rng(0)
    directions = random.standard_normal((40, d), np.float32)
    features = np.lib.format.open_memmap(path, "w+", np.float16, (n, d))
    for start in range(0, n, 1000):
        block = features[start : start + 1000]
        noise = 0.5 * random.standard_normal(block.shape, np.float32)
        block[:] = random.standard_normal((len(block), 40), np.float32) @ directions / 6 + noise
    features.flush()


def work(path, method, pca):
    """Prepares one build, which returns its seconds and its recall."""
    features = np.load(path, mmap_mode="r", allow_pickle=False)
    features.max()  # maps the whole file into memory, before the build's own memory is measured
    NeighborGraph.build(features[:200], NEIGHBORS, method=method)  # pays for first calls

    def build():
        start = time.perf_counter()
        graph = NeighborGraph.build(features, NEIGHBORS, method=method, pca=pca)
        return time.perf_counter() - start, graph.recall

    return build


def build_apart(path, n, d, method, pca):
    """One row of the table."""
    added, whole, (seconds, recall) = common.peak_memory("graph", "work", str(path), method, pca)
    return {
        "n": n,
        "d": d,
        "method": f"PCA to {pca}, {method}" if pca else method,
        "seconds": round(seconds, 1),
        "added MiB": added,
        "process MiB": whole,
        "recall": round(recall, 4),
    }


def measure(quick):
    """Returns the table: see the top of this file."""
    sizes, pca = ([(300, 40)], 8) if quick else (SIZES + LARGE * FLAGS.large, PCA)
    methods = ["tensorflow"] + ["faiss"] * bool(importlib.util.find_spec("faiss"))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "features.npy")
        for n, d in sizes:
            write_features(path, n, d)
            for dimensions in (None, pca):
                rows += [build_apart(path, n, d, method, dimensions) for method in methods]
    return {f"One build of {NEIGHBORS} neighbours for each of n samples of d numbers": rows}


if __name__ == "__main__":
    common.main("graph", "Neighbours over the whole training set", measure)
