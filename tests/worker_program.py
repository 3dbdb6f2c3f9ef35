"""What the tests of several workers run in each of them; one device runs it too, to compare.

python tests/worker_program.py FOLDER [EPOCH]: the chief waits in EPOCH, from 0, to be killed.
"""

import json
import pathlib
import sys
import time

import keras

from tf_lpdistill import distribution, files


class Metrics(keras.callbacks.Callback):
    """The chief keeps the metrics of each epoch in a file of its own."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_epoch_end(self, epoch, logs=None):
        if distribution.is_chief(self.model.distribute_strategy):
            files.write_json(self.folder / "metrics" / f"{epoch}.json", logs)


def seen(strategy, folder):
    """Sample ids that this worker gets in one epoch, from files and from a memory-mapped array."""
    import numpy as np
    import tensorflow as tf

    from tf_lpdistill import Preprocessing, data

    def read(dataset):
        batches = strategy.experimental_distribute_dataset(dataset)
        parts = (part for batch in batches for part in strategy.experimental_local_results(batch))
        return [int(value) for part in parts for value in part.numpy().ravel()]

    cache = np.load(folder / "cache.npy", mmap_mode="r")
    split = data.load_digits().train.subset(50)
    batches = data.training_batches(
        split, Preprocessing((8, 8), color="grayscale"), 16, seed=3, sample_ids=True,
        drop_remainder=False,
    )  # fmt: skip

    def look_up(ids):
        return tf.numpy_function(lambda ids: cache[ids], [ids], tf.int64)

    return {
        "files": read(tf.data.TextLineDataset(sorted(map(str, folder.glob("*.txt")))).batch(4)
                      .map(lambda line: tf.strings.to_number(line, tf.int64))),
        "cache": read(tf.data.Dataset.range(27).shuffle(27, seed=1).batch(8).map(look_up)),
        "batches": read(batches.take(4).map(lambda x, y: x["sample_id"])),
    }  # fmt: skip


def train(name, folder, wait_in=None):
    """Trains for 3 epochs; returns what JSON can hold of the result."""
    strategy = distribution.get_strategy(name, timeout=60)

    import tensorflow as tf

    from tests.small import batch, compiled, lp, network
    from tf_lpdistill import Distiller
    from tf_lpdistill.backup import Backup
    from tf_lpdistill.losses import Hint, SoftTarget

    keras.utils.set_random_seed(0)
    teacher = network(8)
    with strategy.scope():
        losses = [SoftTarget(), lp(), Hint("hidden", "hidden")]
        distiller = compiled(Distiller(teacher, network(), losses), metrics=["accuracy"])
    backup = Backup(folder / "backup")
    epoch = backup.restore(distiller)
    chief = distribution.is_chief(strategy)

    def wait(epoch, logs):
        if chief and epoch == wait_in:
            print(f"waiting in epoch {epoch}", flush=True)
            time.sleep(600)

    dataset = tf.data.Dataset.from_tensor_slices(batch(39)).batch(16)  # a last batch of 7
    history = distiller.fit(
        dataset,
        validation_data=tf.data.Dataset.from_tensor_slices(batch(21, seed=1)).batch(8),
        initial_epoch=epoch,
        epochs=3,
        callbacks=[
            keras.callbacks.ModelCheckpoint(folder / "checkpoints" / "{epoch}.keras"),
            keras.callbacks.EarlyStopping("val_loss", patience=100),
            Metrics(folder),
            backup,
            keras.callbacks.LambdaCallback(on_epoch_begin=wait),
        ],
        verbose=0,
        shuffle=False,
    ).history
    distiller.save(folder / "distiller.keras")
    weights = [weight.tolist() for weight in distiller.student.get_weights()]
    result = {"history": history, "weights": weights, "from": epoch, "chief": chief}
    if (folder / "cache.npy").exists():
        result["seen"] = seen(strategy, folder)
    return result


if __name__ == "__main__":
    run_folder, *waits = sys.argv[1:]
    result = train("multi_worker", pathlib.Path(run_folder), *map(int, waits))
    print(json.dumps(result))
