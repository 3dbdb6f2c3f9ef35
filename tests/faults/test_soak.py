"""Long runs: memory, open files, traces and speed stay what they were after the warm-up.

Speed is in processor seconds, which a busy machine does not lengthen.
"""

import gc
import os
import pathlib
import time

import keras
import numpy as np
import pytest

from tests.faults import kill_operations
from tests.small import CROSS_ENTROPY
from tf_lpdistill import Distiller, NeighborGraph, Preprocessing, TeacherCache, data, models
from tf_lpdistill.losses import LocalityPreserving, SoftTarget

PIXELS = Preprocessing((8, 8), "grayscale", "0..1")
MINUTES = float(os.environ.get("SOAK_MINUTES", "1"))
WARM_UP = 3  # rounds
LEAK = 48.0  # MiB from the first half to the second that are taken for noise of the allocator

pytestmark = [
    pytest.mark.torture,
    pytest.mark.skipif(not pathlib.Path("/proc/self/fd").exists(), reason="reads /proc"),
]


@keras.saving.register_keras_serializable(package="tests")
class Traced(SoftTarget):
    """Counts how often it is traced."""

    traces = 0

    def compute_loss(self, *args, **kwargs):
        Traced.traces += 1
        return super().compute_loss(*args, **kwargs)


def memory():
    """MiB that this process holds."""
    gc.collect()
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def open_files():
    return len(list(pathlib.Path("/proc/self/fd").iterdir()))


def test_a_loop_of_everything_stays_flat(tmp_path, record_property):
    split = data.load_digits().train.subset(200, 0)
    once = data.evaluation_batches(split, PIXELS, 50, sample_ids=True)
    cache = TeacherCache.build(models.digits_teacher(), once, tmp_path / "cache", ["features"])
    losses = [Traced(name="traced"), LocalityPreserving("features", "features")]
    distiller = Distiller(cache, models.digits_student(), losses)
    distiller.compile("adam", CROSS_ENTROPY, metrics=["accuracy"])
    train = data.training_batches(split, PIXELS, 50, seed=0, sample_ids=True)
    features = np.random.default_rng(0).normal(size=(200, 16)).astype("float32")
    rounds, end = [], time.monotonic() + 60 * MINUTES

    def once_more():
        start = time.process_time()
        distiller.fit(cache.attach(train), steps_per_epoch=20, verbose=0, shuffle=False)
        seconds = time.process_time() - start
        distiller.save(tmp_path / "distiller.keras")
        Distiller.load(tmp_path / "distiller.keras", teacher=cache)
        NeighborGraph.build(features, 5).save(tmp_path / "graph.npz")
        NeighborGraph.load(tmp_path / "graph.npz")
        TeacherCache.open(tmp_path / "cache")
        kill_operations.export(tmp_path)
        kill_operations.write_report(tmp_path)
        rounds.append((memory(), open_files(), Traced.traces, seconds))

    while time.monotonic() < end or len(rounds) < 2 * WARM_UP:
        once_more()
    used, handles, traces, seconds = np.array(rounds)[WARM_UP:].T
    record_property("tried", len(rounds))
    half = len(used) // 2
    growth = np.median(used[half:]) - np.median(used[: half + 1])
    each = growth / max(1, half)
    print(f"{len(rounds)} rounds: {each:+.2f} MiB a round, {handles[-1]:.0f} open files")
    assert growth < LEAK
    assert handles[-1] <= handles[0]
    assert traces[-1] == traces[0]
    assert np.median(seconds[half:]) < 1.5 * np.median(seconds[: half + 1])
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["cache", "distiller.keras", "graph.npz", "phone", "run"]
