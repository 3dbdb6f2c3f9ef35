"""Replica arithmetic on two logical devices."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.ops import assign_rows, gather, num_replicas, replicas, scale


def per_replica(strategy, *values):
    return strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(values[context.replica_id_in_sync_group])
    )


def test_one_device_changes_nothing():
    tensor = tf.constant([1.0, 2.0])
    assert gather(tensor) is tensor and gather(None) is None
    assert num_replicas() == 1 and scale(3.0) == 3.0 and replicas.unscale(3.0) == 3.0


def test_replicas_share_a_variable_that_was_made_in_the_scope(mirrored):
    outside = keras.Variable(1.0)
    assert replicas.is_shared(outside)
    with mirrored.scope():
        assert replicas.is_shared(keras.Variable(1.0)) and not replicas.is_shared(outside)


def test_gather_joins_the_replicas_and_its_gradient_returns(mirrored):
    values = per_replica(mirrored, [1.0, 2.0], [3.0, 4.0])

    @tf.function
    def run(values):
        def replica(own):
            with tf.GradientTape() as tape:
                tape.watch(own)
                joined = gather(own)
                loss = scale(tf.reduce_sum(joined**2))
            return joined, tape.gradient(loss, own)

        return mirrored.run(replica, args=(values,))

    joined, gradients = run(values)
    for part in joined.values:
        np.testing.assert_array_equal(part, [1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(gradients.values[0], [2.0, 4.0])
    np.testing.assert_allclose(gradients.values[1], [6.0, 8.0])


def test_gather_keeps_the_shape_of_maps(mirrored):
    maps = per_replica(mirrored, np.zeros((2, 3, 4, 5)), np.ones((2, 3, 4, 5)))
    shapes = []

    @tf.function
    def run(maps):
        return mirrored.run(lambda own: shapes.append(gather(own).shape), args=(maps,))

    run(maps)
    assert [shape[1:] for shape in shapes] == [(3, 4, 5)] * 2


def test_assigned_rows_are_the_same_on_every_replica(mirrored):
    with mirrored.scope():
        memory = keras.layers.Layer().add_weight(
            shape=(5, 2), initializer="zeros", trainable=False, aggregation="only_first_replica"
        )
    indices = per_replica(mirrored, [3], [1])

    @tf.function
    def run(indices):
        def replica(own):
            joined = gather(own)
            assign_rows(memory, joined, tf.cast(joined, "float32")[:, None] * tf.ones((1, 2)))
            return tf.reduce_sum(memory.value)

        return mirrored.run(replica, args=(indices,))

    assert [float(total) for total in run(indices).values] == [8.0, 8.0]
    for copy in memory.value.values:
        np.testing.assert_array_equal(copy[:, 0], [0.0, 1.0, 0.0, 3.0, 0.0])


def test_to_host_joins_what_the_iterator_yields(mirrored):
    values = per_replica(mirrored, [1.0, 2.0], [3.0])
    np.testing.assert_array_equal(replicas.to_host(values), [1.0, 2.0, 3.0])


@pytest.mark.parametrize("loss", ["mse", keras.losses.MeanSquaredError()])
def test_keras_losses_have_one_value_however_they_are_written(mirrored, loss):
    keras_loss = keras.distillation.FeatureDistillation(loss=loss)
    teacher, student = np.ones((4, 3), "float32"), np.zeros((4, 3), "float32")

    @tf.function
    def run():
        def replica():
            value = keras_loss.compute_loss(tf.constant(teacher), tf.constant(student))
            return replicas.unscale_keras_loss(value, keras_loss)

        return mirrored.run(replica)

    for value in run().values:
        np.testing.assert_allclose(value, 1.0)


def test_a_mix_of_functions_and_objects_is_refused(mirrored):
    mixed = keras.distillation.FeatureDistillation(loss=["mse", keras.losses.MeanSquaredError()])
    with mirrored.scope():
        with pytest.raises(ValueError, match="cannot mix them"):
            replicas.unscale_keras_loss(tf.constant(1.0), mixed)
