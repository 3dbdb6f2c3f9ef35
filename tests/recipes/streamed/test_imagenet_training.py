"""Fits that are broken off, on the little data set; what a score is."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from run_folder import Run
from streamed import imagenet_data, imagenet_training
from streamed.imagenet_training import EpochLog, StreamTrainer
from teaching.optimizers import warmed_sgd
from teaching.progress import Progress
from tf_lpdistill import Distiller, Preprocessing, guidance
from tf_lpdistill.guidance.finding import Findings
from tf_lpdistill.losses import SoftTarget


class Killed(Exception):
    pass


@pytest.fixture
def trainer(little_imagenet, tmp_path):
    streams = imagenet_data.load("little_imagenet", little_imagenet, 16)
    progress = Progress(3)
    yield StreamTrainer(
        Run(tmp_path, tf.distribute.get_strategy()), streams,
        Preprocessing((16, 16), scaling="-1..1"), 20, progress, warmed_sgd(0.01, 0.3, 1e-4),
        tmp_path / "fit",
    )  # fmt: skip
    progress.close()


def network():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, 2, activation="relu")(inputs)
    return keras.Model(inputs, keras.layers.Dense(10)(keras.layers.GlobalAveragePooling2D()(x)))


@pytest.mark.slow
def test_a_fit_goes_on_after_its_last_whole_epoch(trainer):
    train = trainer.data.train
    kept = {}

    def keep(epoch, logs):
        kept["weights"] = first.get_weights()

    def kill(epoch, logs=None):
        if epoch == 2:
            raise Killed

    first = network()
    callback = keras.callbacks.LambdaCallback(on_epoch_begin=kill, on_epoch_end=keep)
    with pytest.raises(Killed):
        trainer.fit(first, train, 3, seed=0, callbacks=[callback])
    before = EpochLog(trainer.folder / "epochs.csv").rows
    assert [row["epoch"] for row in before] == [1, 2]

    second, began = network(), []
    callback = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: began.append((epoch, second.get_weights()))
    )
    rows = trainer.fit(second, train, 3, seed=0, callbacks=[callback])
    assert [epoch for epoch, _ in began] == [2]
    for weight, same in zip(kept["weights"], began[0][1], strict=True):
        np.testing.assert_array_equal(weight, same)
    assert rows[:2] == before and rows[2]["epoch"] == 3
    assert all(np.isfinite(row["val_loss"]) for row in rows)

    third = network()
    assert trainer.fit(third, train, 3, seed=0) == rows  # nothing is left to do but to read
    for weight, same in zip(second.get_weights(), third.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, same)


def test_the_score_counts_every_image(trainer):
    model = network()
    found = trainer.score(model, trainer.data.test)
    images = trainer.data.test.load(16)
    order = np.argsort(-model(trainer.preprocessing(images.images)).numpy(), axis=1)
    hits = order[:, :5] == images.labels[:, None]
    assert found["accuracy"] == pytest.approx(hits[:, 0].mean())
    assert found["top5"] == pytest.approx(hits.any(axis=1).mean())


def test_one_batch_is_looked_at_before_the_first_step_and_after_each_epoch(trainer, monkeypatch):
    seen = []

    def check(distiller, dataset):
        seen.extend((int(distiller.optimizer.iterations), x.shape[0]) for x, _ in dataset)
        return Findings()

    monkeypatch.setattr(guidance, "check", check)
    monkeypatch.setattr(imagenet_training, "LOOKED", 12)
    distiller = Distiller(network(), network(), SoftTarget())
    rows = trainer.fit(distiller, trainer.data.train, 2, seed=0)
    assert seen == [(0, 12)]
    assert [0 < row["share/soft_target"] < 1 for row in rows] == [True, True]


def test_an_epoch_that_is_trained_again_replaces_its_row(tmp_path):
    log = EpochLog(tmp_path / "epochs.csv")
    for epoch, loss in ((0, 3.0), (1, 2.0), (1, 1.0)):
        log.on_epoch_end(epoch, {"loss": loss})
    expected = [{"epoch": 1, "loss": 3.0}, {"epoch": 2, "loss": 1.0}]
    assert log.rows == EpochLog(tmp_path / "epochs.csv").rows == expected


@pytest.mark.slow
def test_two_devices_score_as_one_and_train(trainer):
    """With a smaller last batch of 2 images, one for each device."""
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    several = dataclasses.replace(
        trainer, data=dataclasses.replace(trainer.data, validation=trainer.data.test),
        run=Run(trainer.run.directory, strategy), batch_size=14,
        folder=trainer.folder / "several",
    )  # fmt: skip
    with strategy.scope():
        model = network()
    assert several.score(model, trainer.data.test) == trainer.score(network(), trainer.data.test)
    (row,) = several.fit(model, trainer.data.train, 1, seed=0)
    assert row["val_accuracy"] == several.score(model, trainer.data.test)["accuracy"]
    assert np.isfinite(row["loss"])
