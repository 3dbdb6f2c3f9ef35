"""An epoch on a cached teacher against the plain student's and against one with the live teacher.

    python benchmarks/cache.py            # about three minutes, into docs/results/cache.md
    python benchmarks/cache.py --quick    # does it run?

KD and LP on the teacher's last maps, 16,384 numbers an image; KD alone reads the same files, and so
tells reading from the loss. Before each turn, an epoch, the cache's files are dropped from the
system's page cache, so that they are read from the disk; how much was read is in the table. So it
needs Linux, and a current directory on a disk, not in memory, for up to 0.6 GB of temporary files.
The images are noise: times do not depend on them.
"""

import mmap
import os
import pathlib
import sys
import tempfile
import time

import numpy as np
import tensorflow as tf
from absl import app

import common
import step
from tf_lpdistill import Distiller, TeacherCache, data
from tf_lpdistill.losses import SoftTarget

LAYERS = ("stage3_relu", "stage3")  # the last maps of a WRN and of a ResNet, both after a ReLU
PAIR = "WRN-16-4 -> ResNet-20"
QUICK_PAIR = "WRN-10-1 -> ResNet-8"
FEATURES = 16384  # 8 x 8 x 256: those maps of the WRN-16-4
STEPS = 21  # an epoch; the first one is left out
ROUNDS = 5
SAMPLES = (1024, 4096, 16384)


def store_and_read(samples, directory):
    """One row of the first table: a cache is written, checked, and read in random order."""
    values = np.random.default_rng(0).integers(-9, 9, (samples, FEATURES + 10), "int8")
    arrays = {"logits": values[:, :10].astype("float16"), "maps": values[:, 10:].astype("float16")}
    writing, cache = timed(lambda: TeacherCache.from_arrays(directory, arrays))
    opening, _ = timed(lambda: TeacherCache.open(directory))
    sample_id = np.random.default_rng(1).permutation(samples)
    x = {"inputs": np.zeros((samples, 1), "float32"), "sample_id": sample_id}
    attached = cache.attach(tf.data.Dataset.from_tensor_slices(x).batch(step.BATCH))
    drop_pages(cache)
    from_disk, _ = timed(lambda: sum(1 for _ in attached))
    from_memory, _ = timed(lambda: sum(1 for _ in attached))
    return {
        "images": samples,
        "MB": round(cache.nbytes / 1e6),
        "from_arrays, s": round(writing, 2),
        "open, with checksums, s": round(opening, 2),
        "attach, from the disk, images/s": round(samples / from_disk),
        "attach, from memory, images/s": round(samples / from_memory),
    }


def timed(function):
    """(seconds that the function took, what it returned)."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def epochs(directory, pair, batch_size, steps, rounds):
    """Builds the cache and trains on it; returns the rows of the other two tables."""
    teacher, student = pair
    samples = steps * batch_size
    once = data.with_sample_ids(step.images(samples))
    shuffled_batches = once.shuffle(samples, seed=0).batch(batch_size).prefetch(2)
    teacher = step.make(teacher)
    building, cache = timed(
        lambda: TeacherCache.build(teacher, once.batch(batch_size), directory, LAYERS[:1])
    )
    soft_targets = Distiller(cache, step.make(student), [SoftTarget(temperature=4.0)])
    on_cache, live = (step.ours(source, step.make(student), LAYERS) for source in (cache, teacher))
    runs = {
        "student alone": (step.make(student), shuffled_batches.map(without_ids)),
        "on the cache, KD": (soft_targets, cache.attach(shuffled_batches)),
        "on the cache, KD + LP": (on_cache, cache.attach(shuffled_batches)),
        "live teacher, KD + LP": (live, shuffled_batches),
    }
    turns = {name: cold(cache, step.trained(*run, steps)) for name, run in runs.items()}
    times = common.take_turns(turns, rounds)
    read = {name: round(np.median(series[:, 2])) for name, series in times.items()}
    rows = step.against("student alone", times)
    size = {"images": samples, "MB": round(cache.nbytes / 1e6), "seconds": round(building, 1)}
    return (
        [row | {"MB from the disk": read[row["step"]]} for row in rows],
        [size | {"images/s": round(samples / building)}],
    )


def without_ids(x, y):
    """What the plain student is trained on."""
    return x["inputs"], y


def cold(cache, turn):
    """A turn that begins without the cache's files in memory: times, and megabytes it read."""

    def run():
        drop_pages(cache)
        start = bytes_read()
        return [*turn(), (bytes_read() - start) / 1e6]

    return run


def drop_pages(cache):
    """Drops a cache's files from memory: they are unmapped first, or the system keeps them."""
    os.sync()
    for array in cache.store.arrays.values():
        array.base.madvise(mmap.MADV_DONTNEED)
    for path in cache.directory.iterdir():
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def bytes_read():
    """Bytes that this process has read from storage."""
    fields = pathlib.Path("/proc/self/io").read_text(encoding="utf-8").split()
    return int(fields[fields.index("read_bytes:") + 1])


def measure(quick):
    """Returns the tables: see the top of this file."""
    if sys.platform != "linux":
        raise app.UsageError(
            "Only Linux can drop the cache's files from memory. "
            f"Received: sys.platform={sys.platform!r}. Name the other benchmarks instead: "
            "make bench BENCHMARKS='loss growth step graph'"
        )
    pair, samples, settings = PAIR, SAMPLES, (step.PAIRS[PAIR], step.BATCH, STEPS, ROUNDS)
    if quick:
        pair, samples = QUICK_PAIR, (64, 256)
        settings = step.QUICK_PAIRS[QUICK_PAIR], 8, 3, 2
    # Here, because the system's folder for temporary files may lie in memory.
    with tempfile.TemporaryDirectory(dir=".") as folder:
        folder = pathlib.Path(folder)
        reading = [store_and_read(number, folder / f"{number}") for number in samples]
        steps, building = epochs(folder / "epochs", *settings)
    return {
        f"Growth with the data set: {FEATURES + 10:,} values an image, in random order": reading,
        f"A step, LP on the last maps, {pair}, files on the disk alone": steps,
        "Building the cache of these images": building,
    }


if __name__ == "__main__":
    common.main("cache", f"A cached teacher at batch {step.BATCH}", measure)
