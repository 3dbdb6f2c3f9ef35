"""An epoch on a cached teacher against the plain student's and against one with the live teacher.

    PYTHONPATH=. python benchmarks/cache.py [--quick]

WRN-16-4 teaches ResNet-20 on images of 32x32 pixels in batches of 128, by KD and LP on 16,384
features an image. Epochs take turns, so that a busy machine slows all of them alike. Before each
epoch on the cache its files are dropped from the system's page cache, so that they are read from
the disk; how much was read is in the table. The images are noise: times do not depend on them.
"""

import mmap
import os
import pathlib
import sys
import tempfile
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tf_lpdistill import Distiller, TeacherCache, data
from tf_lpdistill.losses import LocalityPreserving, SoftTarget

BATCH = 128


def measure(quick=False):
    """Measures everything.

    Args:
        quick: small sizes, to see that it runs; no figures to keep.

    Returns:
        `{caption: list of rows}`, a row a dict of plain values.
    """
    # Here, because the system's folder for temporary files may lie in memory.
    with tempfile.TemporaryDirectory(dir=".") as folder:
        folder = pathlib.Path(folder)
        reading = measure_reading(folder / "arrays", samples=2048 if quick else 8192)
        epochs = measure_epochs(folder / "cache", *((3, 1) if quick else (21, 8)))
    return {"Reading alone: 16,394 values in float16 an image, in random order": reading} | epochs


def measure_reading(directory, samples):
    """Images a second that `attach` yields, from the disk and from memory."""
    rng = np.random.default_rng(0)
    arrays = {
        "logits": rng.normal(size=(samples, 10)).astype("float16"),
        "features": rng.normal(size=(samples, 16384)).astype("float16"),
    }
    start = time.perf_counter()
    cache = TeacherCache.from_arrays(directory, arrays)
    seconds = {"from_arrays": time.perf_counter() - start}
    start = time.perf_counter()
    TeacherCache.open(directory)
    seconds["open, with checksums"] = time.perf_counter() - start
    x = {"inputs": np.zeros((samples, 1), "float32"), "sample_id": rng.permutation(samples)}
    attached = cache.attach(tf.data.Dataset.from_tensor_slices(x).batch(BATCH))
    for name in ("attach, cold", "attach, warm"):
        if name.endswith("cold"):
            drop_pages(cache)
        start = time.perf_counter()
        for _ in attached:
            pass
        seconds[name] = time.perf_counter() - start
    megabytes = cache.nbytes / 1e6
    return [
        {
            "what": name,
            "images/s": round(samples / value),
            "MB/s": round(megabytes / value),
            "MB": round(megabytes),
        }
        for name, value in seconds.items()
    ]


def measure_epochs(directory, steps, rounds):
    """Seconds of an epoch of each kind, in turn."""
    samples = steps * BATCH
    rng = np.random.default_rng(0)
    images = rng.uniform(-1.0, 1.0, (samples, 32, 32, 3)).astype("float32")
    labels = rng.integers(0, 10, samples)
    once = data.with_sample_ids(tf.data.Dataset.from_tensor_slices((images, labels)))
    train = once.shuffle(samples, seed=0).batch(BATCH, drop_remainder=True)
    teacher = residual_network(2, (64, 128, 256))
    start = time.perf_counter()
    cache = TeacherCache.build(teacher, once.batch(BATCH), directory, ["maps"])
    built = time.perf_counter() - start
    plain = compiled(residual_network(3, (16, 32, 64)))
    on_cache, live = distiller(cache), distiller(teacher)
    runs = {
        "student alone": lambda: timed_fit(plain, train.map(without_ids)),
        "on the cache, cold": lambda: timed_fit(on_cache, cache.attach(train)),
        "with the live teacher": lambda: timed_fit(live, train),
    }
    base, cold, slow = runs
    # The live teacher is so much slower that fewer rounds tell it.
    pairs = [((base, cold), rounds), ((base, slow), -(-rounds // 4))]
    rows = []
    for names, number in pairs:
        turns = take_turns({name: runs[name] for name in names}, number, lambda: drop_pages(cache))
        rows.append(row_of(names[1], turns[names[1]], turns[base]))
    size = {"images": samples, "MB": round(cache.nbytes / 1e6), "images/s": round(samples / built)}
    return {
        f"Steps 2 to {steps} of an epoch, against the student alone in the same rounds": rows,
        "Building the cache of these images": [size],
    }


def row_of(name, epochs, base):
    """A row of the table of epochs: seconds, and the ratio to the epochs of the same rounds."""
    seconds, megabytes = epochs
    low, middle, high = np.quantile(seconds / base[0], [0.25, 0.5, 0.75])
    return {
        "an epoch": name,
        "rounds": len(seconds),
        "seconds": round(float(np.median(seconds)), 2),
        "student alone": round(float(np.median(base[0])), 2),
        "ratio (quartiles)": f"{middle:.2f} ({low:.2f}-{high:.2f})",
        "MB from the disk": round(np.median(megabytes)),
    }


def take_turns(runs, rounds, before):
    """Calls every function in each round, and once to begin with.

    Args:
        runs: `{name: function that returns seconds}`.
        rounds: how often each is timed.
        before: called before each of them.

    Returns:
        `{name: array (2, rounds)}`: seconds, and megabytes read from the disk.
    """
    found = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            before()
            start = bytes_read()
            seconds = run()
            if number:
                found[name].append((seconds, (bytes_read() - start) / 1e6))
    return {name: np.array(values).T for name, values in found.items()}


def timed_fit(model, dataset):
    """Trains for an epoch and returns its seconds without the first step.

    In the first step of a `fit` Keras and the Distiller make ready and look at the batch.
    """
    times = []
    stamp = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: times.append(time.perf_counter())
    )
    model.fit(dataset, verbose=0, shuffle=False, callbacks=[stamp])
    return times[-1] - times[0]


def drop_pages(cache):
    """Drops a cache's files from memory: they are unmapped first, or the system keeps them."""
    os.sync()
    for array in cache.store.arrays.values():
        array.base.madvise(mmap.MADV_DONTNEED)
    for path in cache.directory.iterdir():
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def bytes_read():
    """Bytes that this process has read from storage (Linux)."""
    fields = pathlib.Path("/proc/self/io").read_text().split()
    return int(fields[fields.index("read_bytes:") + 1])


def without_ids(x, y):
    """What the plain student is trained on."""
    return x["inputs"], y


def distiller(teacher):
    """KD and LP of the teacher's last maps."""
    lp = LocalityPreserving("maps", "maps", num_neighbors=5)
    student = residual_network(3, (16, 32, 64))
    return compiled(Distiller(teacher, student, [SoftTarget(), lp], [1.0, 0.1]))


def compiled(model):
    """Compiles a model for training on labels."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1e-3), loss, metrics=["accuracy"])
    return model


def residual_network(blocks, widths):
    """ResNet-20: 3 blocks a stage of (16, 32, 64) channels; WRN-16-4: 2 of (64, 128, 256)."""
    inputs = keras.Input((32, 32, 3))
    x = convolve(inputs, 16, 1)
    for stage, width in enumerate(widths):
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            y = convolve(activate(convolve(activate(x), width, stride)), width, 1)
            same = x.shape == y.shape
            x = layers.Add()([x if same else layers.Conv2D(width, 1, stride)(x), y])
    x = layers.GlobalAveragePooling2D()(layers.Activation("relu", name="maps")(x))
    return keras.Model(inputs, layers.Dense(10)(x))


def activate(x):
    """BatchNorm and ReLU, as they stand before a convolution."""
    return layers.ReLU()(layers.BatchNormalization()(x))


def convolve(x, width, stride):
    """A 3x3 convolution without bias."""
    return layers.Conv2D(width, 3, stride, padding="same", use_bias=False)(x)


def print_tables(tables):
    """Prints `{caption: rows}` as Markdown."""
    for caption, rows in tables.items():
        lines = [list(rows[0]), ["---"] * len(rows[0]), *(row.values() for row in rows)]
        print(f"\n{caption}\n")
        print("\n".join(f"| {' | '.join(map(str, line))} |" for line in lines))


if __name__ == "__main__":
    print_tables(measure(quick="--quick" in sys.argv[1:]))
