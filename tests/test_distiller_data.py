"""What the Distiller takes: inputs and outputs of any structure, with and without labels."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tests.small import CROSS_ENTROPY, batch, compiled, lp, network
from tf_lpdistill import Distiller, data
from tf_lpdistill.losses import Hint, SoftTarget


def test_labels_are_optional_without_a_supervised_loss():
    x, _ = batch()
    distiller = Distiller(network(8), network(), SoftTarget(), student_loss_weight=0.0)
    compiled(distiller, metrics=["accuracy"])
    history = distiller.fit(x, verbose=0).history
    assert set(history) == {"loss", "student_loss", "soft_target"}
    assert history["loss"] == history["soft_target"]
    assert distiller.predict(x, verbose=0).shape == (16, 3)


def test_under_mixed_precision_inputs_reach_the_student_as_they_are():
    keras.config.set_dtype_policy("mixed_float16")
    inputs = keras.Input((6,))
    student = keras.Model(inputs, layers.Rescaling(1.0, dtype="float32")(inputs))
    distiller = Distiller(student, student, SoftTarget(), student_loss_weight=0.0)
    x = 200.1 + batch()[0]  # float16 would round it, and 0..255 pixels times a scale with it
    np.testing.assert_array_equal(distiller.predict(x, verbose=0), x)


def test_a_subclassed_student_of_several_inputs():
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = layers.Dense(3)

        def call(self, inputs):
            return self.head(inputs["a"]) + self.head(inputs["b"])

    x, y = batch()
    distiller = compiled(Distiller(Net(), Net(), SoftTarget()))
    assert distiller.fit({"a": x, "b": 2.0 * x}, y, verbose=0).history["soft_target"][0] > 0.0


def test_without_labels_added_losses_count_as_with_them():
    class Penalty(layers.Layer):
        def call(self, inputs):
            self.add_loss(keras.ops.mean(keras.ops.square(inputs), axis=1))  # one a sample
            return inputs

    inputs = keras.Input((6,))
    student = keras.Model(inputs, layers.Dense(3)(Penalty()(inputs)))
    x, y = batch()
    expected = np.square(x).mean(axis=1).sum()  # Keras sums what `add_loss` was given
    cross_entropy = CROSS_ENTROPY(y, student(x))
    distiller = Distiller(network(), student, SoftTarget(), student_loss_weight=0.0)
    distiller.compile(keras.optimizers.SGD(0.0), loss=None)
    logged = distiller.fit(x, verbose=0).history["student_loss"][0]
    np.testing.assert_allclose(logged, expected, rtol=1e-5)
    compiled(distiller)
    logged = distiller.fit(x, y, verbose=0).history["student_loss"][0]
    np.testing.assert_allclose(logged, expected + cross_entropy, rtol=1e-5)


def test_a_replica_that_the_last_batch_leaves_empty_does_no_harm(mirrored):
    # Without convolutions: TensorFlow's own fail on an empty batch.
    with mirrored.scope():
        hint = Hint("hidden", "hidden", regressor="dense")
        distiller = compiled(Distiller(network(8), network(), [SoftTarget(), lp(), hint]))
    dataset = tf.data.Dataset.from_tensor_slices(batch(9)).batch(8)
    history = distiller.fit(dataset, verbose=0, shuffle=False).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert all(np.isfinite(value).all() for value in distiller.get_weights())


def test_subclassed_models_that_return_dicts():
    class Net(keras.Model):
        def __init__(self, width):
            super().__init__()
            self.hidden, self.head = layers.Dense(width), layers.Dense(3)

        def call(self, inputs):
            features = self.hidden(inputs)
            return {"features": features, "logits": self.head(features)}

    distiller = Distiller(
        Net(8), Net(4),
        [SoftTarget("logits", "logits"), Hint("features", "features")],
        student_loss_weight=0.0,
    )  # fmt: skip
    distiller.compile("sgd", loss=None)
    history = distiller.fit(batch()[0], epochs=2, verbose=0).history
    assert history["hint"][0] > 0.0 and np.isfinite(history["loss"]).all()
    assert len(distiller.distillation_losses[1].trainable_weights) == 2


def test_several_outputs_by_name():
    def two_headed():
        inputs = keras.Input((6,))
        outputs = {"a": layers.Dense(3, name="a")(inputs), "b": layers.Dense(2, name="b")(inputs)}
        return keras.Model(inputs, outputs)

    distiller = Distiller(two_headed(), two_headed(), [SoftTarget("a", "a"), SoftTarget("b", "b")])
    distiller.compile("sgd", loss={"a": CROSS_ENTROPY, "b": CROSS_ENTROPY})
    x, y = batch()
    history = distiller.fit(x, {"a": y, "b": y % 2}, verbose=0).history
    assert {"soft_target", "soft_target_1", "student_loss"} <= set(history)
    with pytest.raises(ValueError, match="is a dict with the keys.*Name one of them"):
        Distiller(two_headed(), two_headed(), SoftTarget())


def test_sample_ids_travel_with_the_images_and_are_taken_off_for_the_models():
    x, y = batch(20)
    plain = tf.data.Dataset.from_tensor_slices((x, y))
    with_ids = data.with_sample_ids(plain).batch(10)
    distiller = compiled(Distiller(network(8), network(), lp()), metrics=["accuracy"])
    distiller.fit(with_ids, validation_data=with_ids, verbose=0, shuffle=False)
    np.testing.assert_allclose(
        distiller.predict(with_ids, verbose=0), distiller.predict(x, verbose=0), rtol=1e-5
    )


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # Keras, of any generator
def test_generators_and_ragged_last_batches():
    def batches():
        yield batch(8)
        yield batch(3, seed=1)
        yield batch(1, seed=2)

    distiller = compiled(Distiller(network(8), network(), lp(num_neighbors=5)))
    assert np.isfinite(distiller.fit(batches(), verbose=0).history["loss"][0])
