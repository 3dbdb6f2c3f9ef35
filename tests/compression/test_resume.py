"""A killed run goes on from its last whole epoch, and ends where the undisturbed run does."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tf_lpdistill import compression
from tf_lpdistill.compression import state
from tf_lpdistill.compression.objectives import cross_entropy


class Killed(Exception):
    """The end of a process."""


def student():
    """A student with everything that has a state: statistics, dropout."""
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [keras.Input((6, 6, 1)), layers.Conv2D(6, 3, name="conv"), layers.BatchNormalization(),
         layers.ReLU(), layers.Dropout(0.3), layers.Flatten(), layers.Dense(3)]
    )  # fmt: skip


def data():
    """Batches as a fresh process makes them: shuffled anew in each epoch."""
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(50, 6, 6, 1)).astype("float32"), rng.integers(0, 3, 50)
    return tf.data.Dataset.from_tensor_slices(arrays).shuffle(50, seed=1).batch(20)


def weights(result):
    return getattr(result, "student", result).get_weights()


def kill_after(monkeypatch, epochs):
    keep = state.State.keep

    def keep_and_die(self, done):
        keep(self, done)
        if done == epochs:
            raise Killed

    monkeypatch.setattr(state.State, "keep", keep_and_die)


@pytest.mark.parametrize(
    "verb",
    [
        pytest.param(compression.prune, marks=pytest.mark.slow),
        pytest.param(compression.cluster, marks=pytest.mark.slow),
        compression.quantize_aware,
    ],
)
def test_it_equals_the_undisturbed_run(verb, tmp_path, monkeypatch):
    settings = {"epochs": 3, "verbose": 0}
    undisturbed = verb(student(), data(), **settings)
    settings["checkpoint_dir"] = tmp_path / "state"
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_after(patch, epochs=2)
        verb(student(), data(), **settings)
    resumed = verb(student(), data(), **settings)
    for a, b in zip(weights(undisturbed), weights(resumed), strict=True):
        np.testing.assert_array_equal(a, b)
    again = verb(student(), data(), **settings)  # a finished run is not repeated
    for a, b in zip(weights(undisturbed), weights(again), strict=True):
        np.testing.assert_array_equal(a, b)
    if verb is compression.quantize_aware:  # the trained ranges, too
        x = np.random.default_rng(1).normal(size=(8, 6, 6, 1)).astype("float32")
        np.testing.assert_array_equal(undisturbed.predict(x), resumed.predict(x))


def test_the_state_of_another_run_is_refused(tmp_path):
    settings = {"epochs": 1, "verbose": 0, "checkpoint_dir": tmp_path}
    first = compression.prune(student(), data(), **settings)
    with pytest.raises(ValueError, match=r"state of another run: \['title'\] differ"):
        compression.prune(student(), data(), sparsity=0.7, **settings)
    with pytest.raises(ValueError, match=r"another run: \['student'\] differ.*a folder of its own"):
        compression.prune(first, data(), **settings)
    other = data().map(lambda x, y: (x, tf.cast(y, tf.int32)))
    with pytest.raises(ValueError, match=r"another run: \['data'\] differ"):
        compression.prune(student(), other, **settings)

    def objective(x, y, student_features, sample_weight=None):
        return cross_entropy(x, y, student_features)

    objective.layer_names = ("conv",)
    with pytest.raises(ValueError, match=r"another run: \['objective'\] differ"):
        compression.prune(student(), data(), objective, **settings)
    (tmp_path / "state.npz").write_bytes(b"half")
    with pytest.raises(ValueError, match="checkpoint is damaged.*Remove it to start again"):
        compression.prune(student(), data(), **settings)
