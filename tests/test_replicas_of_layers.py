"""What several replicas make of BatchNorm, dropout and a smaller last batch in the student."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tests.small import batch, compiled, lp, network
from tf_lpdistill import Distiller
from tf_lpdistill.losses import SoftTarget


def normalized(synchronized):
    inputs = keras.Input((6,))
    x = layers.Dense(4, activation="relu", name="hidden")(inputs)
    x = layers.BatchNormalization(synchronized=synchronized)(x)
    return keras.Model(inputs, layers.Dense(3)(x))


def train(strategy, make, samples=32, epochs=2):
    keras.utils.set_random_seed(0)
    teacher = network(8)
    with strategy.scope():
        distiller = compiled(Distiller(teacher, make(), [SoftTarget(), lp()]))
    data = tf.data.Dataset.from_tensor_slices(batch(samples)).batch(16)
    history = distiller.fit(data, epochs=epochs, shuffle=False, verbose=0).history
    return history, distiller


def largest_difference(one, other):
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return max(np.abs(a - b).max() for a, b in pairs)


def test_synchronised_batch_norm_trains_as_on_one_device_and_plain_does_not(mirrored):
    one = tf.distribute.get_strategy()
    expected_logs, expected = train(one, lambda: normalized(False))
    logs, synchronised = train(mirrored, lambda: normalized(True))
    for name, values in expected_logs.items():
        np.testing.assert_allclose(logs[name], values, rtol=1e-4, err_msg=name)
    assert largest_difference(expected, synchronised) < 1e-4
    _, plain = train(mirrored, lambda: normalized(False))
    assert largest_difference(expected, plain) > 1e-2


@pytest.mark.parametrize("samples", [16 + 15, 16 + 1, 15])
@pytest.mark.parametrize(
    "replicas", ["mirrored", pytest.param("mirrored4", marks=pytest.mark.slow)]
)
def test_a_smaller_last_batch_counts_as_on_one_device(replicas, samples, request):
    # Parts of 8, 7 and of 1, 0; with four replicas of 4, 4, 4, 3 and of 1, 0, 0, 0. With 15 it is
    # the first batch too, from whose mean over the replicas Keras would build.
    expected_logs, expected = train(tf.distribute.get_strategy(), network, samples)
    logs, several = train(request.getfixturevalue(replicas), network, samples)
    for name, values in expected_logs.items():
        np.testing.assert_allclose(logs[name], values, rtol=1e-5, err_msg=name)
    assert largest_difference(expected, several) < 1e-6


def test_a_first_batch_that_splits_unevenly_is_evaluated_as_on_one_device(mirrored):
    found = []
    for strategy in (tf.distribute.get_strategy(), mirrored):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            distiller = compiled(Distiller(network(8), network(), lp()), metrics=["accuracy"])
        found.append(distiller.evaluate(*batch(15), verbose=0, return_dict=True))
    assert found[0].keys() == found[1].keys() >= {"loss", "accuracy"}
    for name, value in found[0].items():
        np.testing.assert_allclose(found[1][name], value, rtol=1e-5, err_msg=name)


def test_dropout_draws_differ_by_replica_and_are_saved(mirrored, tmp_path):
    _, distiller = train(mirrored, lambda: network(dropout=0.5), samples=32, epochs=1)
    seeds = distiller.student.get_layer("drop").seed_generator.state.value
    one, two = (copy.numpy() for copy in seeds.values)
    assert one[0] != two[0] and one[1] == two[1] == 2  # two steps
    distiller.save_weights(tmp_path / "a.weights.h5")
    _, other = train(mirrored, lambda: network(dropout=0.5), samples=48, epochs=1)
    other.load_weights(tmp_path / "a.weights.h5")
    loaded = other.student.get_layer("drop").seed_generator.state.value
    np.testing.assert_array_equal([copy.numpy() for copy in loaded.values], [one, two])


def test_without_losses_it_is_plain_fit_and_the_teacher_costs_nothing():
    class Counted(keras.Model):
        calls = 0

        def call(self, inputs):
            Counted.calls += 1
            return inputs

    x, y = batch(40)
    results = []
    for wrapped in (False, True):
        keras.utils.set_random_seed(0)
        student = network(dropout=0.3, norm=True)
        model = Distiller(Counted(), student, []) if wrapped else student
        compiled(model, metrics=["accuracy"])
        Counted.calls = 0
        logs = model.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0).history
        results.append((logs, student.get_weights()))
    assert Counted.calls <= 1  # the look at the first batch
    (plain, plain_weights), (logs, weights) = results
    assert plain == {name: values for name, values in logs.items() if name != "student_loss"}
    for a, b in zip(plain_weights, weights, strict=True):
        np.testing.assert_array_equal(a, b)
