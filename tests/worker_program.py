"""What the tests of several workers run in each of them; one device runs it too, to compare.

python tests/worker_program.py STRATEGY FOLDER EPOCHS [SLEEP]
"""

import json
import pathlib
import sys
import time

from tf_lpdistill import distribution


def main(name, folder, epochs, sleep="0"):
    folder = pathlib.Path(folder)
    strategy = distribution.get_strategy(name, timeout=60)

    import keras
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
    pause = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: (
            print(f"epoch {epoch}", flush=True),
            time.sleep(float(sleep)),
        )
    )
    train = tf.data.Dataset.from_tensor_slices(batch(39)).batch(16)  # a last batch of 7
    history = distiller.fit(
        train,
        validation_data=tf.data.Dataset.from_tensor_slices(batch(21, seed=1)).batch(8),
        initial_epoch=epoch,
        epochs=int(epochs),
        callbacks=[
            keras.callbacks.ModelCheckpoint(folder / "checkpoints" / "{epoch}.keras"),
            keras.callbacks.EarlyStopping("val_loss", patience=100),
            backup,
            pause,
        ],
        verbose=0,
        shuffle=False,
    ).history
    distiller.save(folder / "distiller.keras")
    weights = [weight.tolist() for weight in distiller.student.get_weights()]
    chief = distribution.is_chief(strategy)
    print(json.dumps({"history": history, "weights": weights, "from": epoch, "chief": chief}))


if __name__ == "__main__":
    main(*sys.argv[1:])
