"""Fingerprints: the same for the same model in another process, another for any change."""

import keras
import numpy as np
from keras import layers

from tf_lpdistill.batch import Batch
from tf_lpdistill.teachers import LiveTeacher, fingerprint


def network(scale=1.0, activation="relu"):
    inputs = keras.Input((4,))
    x = layers.Rescaling(scale)(inputs)
    x = layers.Dense(5, activation=activation, name="hidden")(x)
    return keras.Model(inputs, layers.Dense(2)(keras.Sequential([layers.Dense(3)])(x)))


def with_the_weights_of(model, **settings):
    other = network(**settings)
    other.set_weights(model.get_weights())
    return other


def test_names_and_trainable_do_not_count_and_loading_keeps_it(tmp_path):
    model = network()
    expected = fingerprint(model)
    other = with_the_weights_of(model)
    other.trainable = False
    assert fingerprint(other) == expected
    model.save(tmp_path / "model.keras")
    assert fingerprint(keras.saving.load_model(tmp_path / "model.keras")) == expected


def test_weights_scaling_and_activation_count():
    model = network()
    changed = with_the_weights_of(model)
    changed.weights[0].assign_add(np.full((4, 5), 1e-6, "float32"))
    others = [
        changed,
        with_the_weights_of(model, scale=2.0),
        with_the_weights_of(model, activation="tanh"),
    ]
    assert len({fingerprint(m) for m in (model, *others)}) == 4


def test_a_live_teacher_runs_in_inference_mode():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, layers.Dropout(0.9)(layers.Dense(8, name="hidden")(inputs)))
    teacher, x = LiveTeacher(model, ["hidden"]), np.ones((2, 4), "float32")
    predictions, features = teacher.outputs(Batch(x))
    np.testing.assert_array_equal(predictions, features["hidden"])
    assert teacher.output_specs(model.input)[1]["hidden"].shape == (None, 8)


def test_names_inside_wrappers_do_not_count_but_their_settings_do():
    def wrapped(activation="tanh"):
        inputs = keras.Input((3, 4))
        x = layers.TimeDistributed(layers.Dense(2, activation=activation))(inputs)
        return keras.Model(inputs, layers.Bidirectional(layers.LSTM(2))(x))

    model, same, other = wrapped(), wrapped(), wrapped("relu")
    for copy in (same, other):
        copy.set_weights(model.get_weights())
    assert fingerprint(same) == fingerprint(model) != fingerprint(other)


def test_the_whole_teacher_counts_subclassed_and_nested():
    class Net(keras.Model):
        def __init__(self, activation):
            super().__init__()
            self.blocks = [layers.Dense(3, activation=activation), layers.Dense(2)]

        def call(self, inputs):
            return self.blocks[1](self.blocks[0](inputs))

    models = [Net("relu"), Net("relu"), Net("tanh")]
    for model in models:
        model(np.ones((1, 4), "float32"))
        model.set_weights(models[0].get_weights())
    prints = [fingerprint(model) for model in models]
    assert prints[0] == prints[1] != prints[2]
