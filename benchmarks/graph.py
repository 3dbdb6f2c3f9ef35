"""What it costs to find the neighbours of a whole training set: time, memory, recall.

Each case runs in a process of its own on a memory-mapped float16 file of made-up features: 40
random directions and noise, so that PCA has something to find. Time and memory hardly depend on the
values, the recall does: docs/graph.md has some of real features.

    python benchmarks/graph.py            # up to 20,000 samples of 4,096 numbers, minutes
    python benchmarks/graph.py --large    # 50,000 samples of 4,096 numbers as well
    python benchmarks/graph.py --quick    # only to see that it runs
"""

import contextlib
import importlib.util
import io
import multiprocessing
import pathlib
import tempfile
import threading
import time

import numpy as np
from absl import app, flags

from tf_lpdistill import NeighborGraph

QUICK = [(300, 40)]
SIZES = [(5_000, 512), (20_000, 512), (20_000, 4_096)]
LARGE = [(50_000, 4_096)]
PCA = 128
NEIGHBORS = 10


def measure(sizes=SIZES, pca=PCA):
    """Measures every method at every size; returns the rows that `measure_each` yields."""
    return list(measure_each(sizes, pca))


def measure_each(sizes, pca):
    """Measures every method at every size, one after the other.

    Args:
        sizes: list of (samples, numbers in a feature).
        pca: principal dimensions of the second half of the methods.

    Yields:
        A dict for each: "n", "d", "method", "seconds" (one build), "peak_mb" (largest private
        memory of the process less what it held before; None where /proc does not tell), "recall".
    """
    methods = ["tensorflow"] + ["faiss"] * bool(importlib.util.find_spec("faiss"))
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "features.npy")
        for n, d in sizes:
            write_features(path, n, d)
            for dimensions in (None, pca):
                for method in methods:
                    with spawn.Pool(1) as pool:
                        found = pool.apply(run_case, (path, method, dimensions))
                    name = method if dimensions is None else f"PCA to {dimensions}, {method}"
                    yield {"n": n, "d": d, "method": name, **found}


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


def run_case(path, method, pca):
    """Builds one graph; returns its seconds, peak memory in MB and recall."""
    features = np.load(path, mmap_mode="r")
    # The first call of everything is paid here.
    NeighborGraph.build(features[:200], NEIGHBORS, method=method)
    with Watch() as watch, contextlib.redirect_stdout(io.StringIO()):
        start = time.perf_counter()
        graph = NeighborGraph.build(features, NEIGHBORS, method=method, pca=pca)
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "peak_mb": watch.peak_mb, "recall": graph.recall}


class Watch(threading.Thread):
    """Looks at the private memory of this process every few milliseconds.

    Attributes:
        peak_mb: the largest value less the first, in MB; None where /proc does not tell.
    """

    def __init__(self):
        super().__init__(daemon=True)
        self._done = threading.Event()
        self.peak_mb = None

    def __enter__(self):
        """Starts to look."""
        self.start()
        return self

    def __exit__(self, *error):
        """Stops to look."""
        self._done.set()
        self.join()

    def run(self):
        """Looks until it is told to stop."""
        first = private_mb()
        while first is not None and not self._done.wait(0.01):
            self.peak_mb = max(self.peak_mb or 0.0, private_mb() - first)


def private_mb():
    """Memory of this process without files that are mapped, in MB; None when unknown."""
    try:
        status = pathlib.Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return None
    return next(int(line.split()[1]) / 1e3 for line in status.splitlines() if "RssAnon" in line)


def print_table(rows):
    """Prints the rows as a Markdown table, each as soon as it is there."""
    print("| n | d | method | seconds | peak MB | recall |\n|---|---|---|---|---|---|")
    for row in rows:
        peak = "" if row["peak_mb"] is None else f"{row['peak_mb']:.0f}"
        print(
            f"| {row['n']:,} | {row['d']:,} | {row['method']} | {row['seconds']:.1f} | {peak} | "
            f"{row['recall']:.4f} |",
            flush=True,
        )


def main(argv):
    """Measures and prints."""
    if len(argv) > 1:
        raise app.UsageError(f"Unexpected arguments: {argv[1:]}")
    if flags.FLAGS.quick:
        print_table(measure_each(QUICK, pca=8))
    else:
        print_table(measure_each(SIZES + LARGE * flags.FLAGS.large, PCA))


if __name__ == "__main__":
    flags.DEFINE_bool("quick", False, "A small size only, to see that it runs.")
    flags.DEFINE_bool("large", False, "50,000 samples of 4,096 numbers as well.")
    app.run(main)
