"""The features of a probe, on a real MobileNet: in inference mode, and as training sees them."""

import keras
import numpy as np
import pytest

from tests.small import CROSS_ENTROPY, batch, compiled, network
from tf_lpdistill import Distiller, Preprocessing, data, models, taps
from tf_lpdistill.callbacks import Watch, alarms
from tf_lpdistill.callbacks.health import examine
from tf_lpdistill.callbacks.probe import Probe
from tf_lpdistill.losses import LocalityPreserving, SoftTarget

PIXELS = Preprocessing((32, 32), scaling="-1..1")


def small_mobilenet():
    keras.utils.set_random_seed(0)
    return models.mobilenet_v1((32, 32, 3), num_classes=10, alpha=0.25)


def teacher():
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(8, 3, 2, activation="relu")(inputs)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(inputs, keras.layers.Dense(10, name="logits")(x))


def distill(student):
    losses = [SoftTarget(), LocalityPreserving("features", "features")]
    distiller = Distiller(teacher(), student, losses, [0.5, 0.01])
    distiller.compile(keras.optimizers.Adam(1e-3), CROSS_ENTROPY)
    return distiller


@pytest.fixture
def images(digits):
    return data.evaluation_batches(digits.validation, PIXELS, 64)


def found_in(features):
    """The names of the alarms about features beside which no earlier ones lie."""
    health = examine(features, None, 10)
    return set(alarms.of_features(health, [health], 10, "features"))


def test_settled_features_are_those_of_training(images):
    student = small_mobilenet()
    probe = Probe(distill(student), images)
    for _ in range(2):
        student(probe.inputs, training=True)
    before = student.get_weights()
    sight = probe.look()
    assert found_in(sight.student) == {"collapse"}, "its moving statistics lag behind"
    assert found_in(sight.settled) == set()
    # There is no dropout in it, so that training has the same feature.
    _, features = taps.Tap(student, ["features"])(probe.inputs, training=True)
    np.testing.assert_allclose(sight.settled, features["features"], rtol=1e-3, atol=1e-4)
    student.set_weights(before)
    np.testing.assert_array_equal(probe.look().settled, sight.settled)


def test_a_look_leaves_statistics_and_momentum_as_they_were(images):
    student = small_mobilenet()
    norms = [x for x in student.layers if isinstance(x, keras.layers.BatchNormalization)]
    before, momenta = student.get_weights(), [norm.momentum for norm in norms]
    Probe(distill(student), images).look()
    assert [norm.momentum for norm in norms] == momenta and len(norms) == 27
    for old, new in zip(before, student.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_features_that_have_collapsed_in_training_are_still_seen(images):
    student = small_mobilenet()
    last = student.get_layer("conv_pw_13_bn")
    last.gamma.assign(np.zeros(last.gamma.shape))
    last.beta.assign(np.ones(last.beta.shape))
    assert found_in(Probe(distill(student), images).look().settled) == {"collapse"}


def test_normalisation_in_a_nested_model_is_found():
    x, y = batch(32)
    inner = network(norm=True, name="inner")
    student = keras.Sequential([keras.Input(x.shape[1:]), inner])
    distiller = compiled(Distiller(network(), student, SoftTarget()))
    sight = Probe(distiller, [(x, y)], student_layer_name="inner/logits").look()
    trained = np.asarray(student(x, training=True))
    np.testing.assert_allclose(sight.settled, trained, rtol=1e-3, atol=1e-4)
    assert np.abs(sight.settled - sight.student).max() > 0.01


@pytest.mark.slow
def test_a_few_steps_of_a_mobilenet_raise_no_alarm_about_its_features(digits, images):
    told = []
    distiller = distill(small_mobilenet())
    watch = Watch(images, alarm=told.append)
    train = data.training_batches(digits.train, PIXELS, 64, seed=0)
    history = distiller.fit(
        train, steps_per_epoch=3, epochs=3, callbacks=[watch], verbose=0, shuffle=False
    ).history
    widths = np.divide(history["student_spread"], history["student_norm"])
    assert max(widths) < alarms.CONSTANT, "in inference mode it looks collapsed all the while"
    assert [text for text in told if "features" in text] == []


@pytest.mark.slow
def test_replicas_settle_as_one_device_does(images, mirrored):
    alone = Probe(distill(small_mobilenet()), images).look()
    with mirrored.scope():
        together = Probe(distill(small_mobilenet()), images).look()
    np.testing.assert_allclose(together.settled, alone.settled, rtol=1e-4, atol=1e-5)
