"""Faults of keras.distillation (Keras 3.15) that this Distiller must not have: K1 to K16."""

import os

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tests.small import CROSS_ENTROPY, batch, compiled, network
from tf_lpdistill import Distiller
from tf_lpdistill.losses import Hint, LocalityPreserving, SoftTarget
from tf_lpdistill.losses.base import Loss


def test_k01_soft_target_applies_softmax_and_temperature_squared():
    teacher = network(8)
    student, x = network(), batch()[0]
    distiller = compiled(Distiller(teacher, student, SoftTarget(temperature=4.0)))
    before = [np.float64(model(x)) / 4.0 for model in (teacher, student)]
    logged = distiller.fit(*batch(), batch_size=16, verbose=0).history["soft_target"][0]
    p, q = (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in before)
    np.testing.assert_allclose(logged, 16.0 * (p * np.log(p / q)).sum(axis=1).mean(), rtol=1e-4)


def test_k01_kerass_plain_divergence_is_warned_of():
    with pytest.warns(UserWarning, match="neither the softmax nor the factor T\\^2 is applied"):
        Distiller(network(), network(), keras.distillation.LogitsDistillation())


def train_once(strategy, loss):
    with strategy.scope():
        keras.utils.set_random_seed(3)
        distiller = Distiller(network(8), network(), loss(), [0.7], student_loss_weight=0.5)
        compiled(distiller)
    x, y = batch()
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
    history = distiller.fit(data, epochs=3, verbose=0, shuffle=False).history
    return history, distiller.student.get_weights()


@pytest.mark.parametrize(
    "loss",
    [
        lambda: SoftTarget(),
        lambda: LocalityPreserving("hidden", "hidden", num_neighbors=3),
        lambda: Hint("hidden", "hidden"),
        lambda: keras.distillation.FeatureDistillation("mse", "logits", "logits"),
        lambda: keras.distillation.FeatureDistillation(
            keras.losses.MeanSquaredError(), "logits", "logits"
        ),
    ],
)
def test_k02_k03_two_replicas_train_and_log_as_one(loss, mirrored):
    one_history, one = train_once(tf.distribute.get_strategy(), loss)
    two_history, two = train_once(mirrored, loss)
    assert one_history.keys() == two_history.keys()
    for name in one_history:
        np.testing.assert_allclose(one_history[name], two_history[name], rtol=1e-5, err_msg=name)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_k04_evaluate_changes_nothing_and_repeats():
    student = network(norm=True, dropout=0.5)
    distiller = compiled(Distiller(network(), student, Hint("hidden", "hidden")))
    distiller.fit(*batch(), verbose=0)
    before = [value.copy() for value in distiller.get_weights()]
    results = [distiller.evaluate(*batch(seed=1), verbose=0, return_dict=True) for _ in range(2)]
    assert results[0] == results[1]
    for a, b in zip(before, distiller.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


class CountedNorm(layers.BatchNormalization):
    calls = 0

    def call(self, inputs, training=None):
        CountedNorm.calls += 1
        return super().call(inputs, training=training)


def test_k05_the_student_runs_once_a_step():
    inputs = keras.Input((6,))
    x = CountedNorm(momentum=0.5, name="norm")(layers.Dense(4, name="hidden")(inputs))
    student = keras.Model(inputs, layers.Dense(3)(x))
    distiller = Distiller(
        network(8), student, [SoftTarget(), LocalityPreserving("hidden", "norm", num_neighbors=2)]
    )
    compiled(distiller, keras.optimizers.SGD(0.0), run_eagerly=True)
    moving_mean = student.get_layer("norm").moving_mean
    before, x = moving_mean.numpy(), batch()[0]
    CountedNorm.calls = 0
    distiller.train_on_batch(*batch())
    assert CountedNorm.calls == 2  # the look at the first batch, and the step
    distiller.train_on_batch(*batch())
    assert CountedNorm.calls == 3
    batch_mean = student.get_layer("hidden")(x).numpy().mean(axis=0)
    expected = 0.5 * (0.5 * before + 0.5 * batch_mean) + 0.5 * batch_mean  # moved once a step
    np.testing.assert_allclose(moving_mean.numpy(), expected, rtol=1e-5)


def test_k06_sample_and_class_weights_count():
    x, y = batch()

    def losses(**weights):
        keras.utils.set_random_seed(0)
        terms = [SoftTarget(), LocalityPreserving("hidden", "hidden", num_neighbors=2)]
        distiller = compiled(Distiller(network(8), network(), terms))
        return distiller.fit(x, y, batch_size=16, verbose=0, **weights).history

    plain, zero = losses(), losses(sample_weight=np.zeros(16))
    for name in ("loss", "student_loss", "soft_target", "locality_preserving"):
        assert plain[name][0] > 0.0 and zero[name][0] == 0.0
    doubled = losses(class_weight={0: 2.0, 1: 2.0, 2: 2.0})
    for name in plain:
        np.testing.assert_allclose(doubled[name], np.multiply(plain[name], 2.0), rtol=1e-5)


def test_k07_a_saved_distiller_trains_on_and_leaves_the_teacher_out(tmp_path):
    teacher, path = network(2000), tmp_path / "distiller.keras"
    distiller = compiled(Distiller(teacher, network(), SoftTarget()))
    distiller.fit(*batch(), verbose=0)
    distiller.save(path)
    assert os.path.getsize(path) < 60_000 < 4 * teacher.count_params()
    loaded = Distiller.load(path, teacher=teacher)
    histories = [d.fit(*batch(), shuffle=False, verbose=0).history for d in (distiller, loaded)]
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-6)


def test_k08_layers_inside_nested_models_and_several_pairs_can_be_named():
    backbone = network(8, name="backbone")
    inputs = keras.Input((6,))
    teacher = keras.Model(inputs, layers.Dense(3)(backbone(inputs)))
    losses = [
        LocalityPreserving("backbone/hidden", "hidden", num_neighbors=2),
        Hint("backbone/logits", "logits"),
    ]
    history = compiled(Distiller(teacher, network(), losses)).fit(*batch(), verbose=0).history
    assert history["locality_preserving"][0] > 0.0 and history["hint"][0] > 0.0


def test_k09_other_precisions_and_widths_are_accepted():
    keras.config.set_dtype_policy("mixed_float16")
    teacher = network(8)
    keras.config.set_dtype_policy("float32")
    inputs = keras.Input((6,))
    student = keras.Model(inputs, layers.Dense(2, name="narrow")(inputs))
    distiller = Distiller(
        teacher, student, LocalityPreserving("hidden", "narrow", num_neighbors=2),
        student_loss_weight=0.0,
    )  # fmt: skip
    distiller.compile("sgd", loss=None)
    assert np.isfinite(distiller.fit(batch()[0], verbose=0).history["loss"][0])


@keras.saving.register_keras_serializable(package="tests")
class SeesEverything(Loss):
    seen = None

    def compute_loss(
        self, teacher_outputs, student_outputs, y=None, sample_weight=None, sample_id=None
    ):
        SeesEverything.seen = (y, sample_weight, sample_id)
        return keras.ops.mean(student_outputs) * 0.0


def test_k10_a_loss_sees_labels_weights_and_sample_ids():
    x, y = batch()
    data = tf.data.Dataset.from_tensors(
        ({"inputs": x, "sample_id": np.arange(16)}, y, np.ones(16, "float32"))
    )
    distiller = Distiller(network(), network(), SeesEverything())
    compiled(distiller, run_eagerly=True).fit(data, verbose=0, shuffle=False)
    labels, weights, ids = (np.asarray(value) for value in SeesEverything.seen)
    np.testing.assert_array_equal(labels, y)
    np.testing.assert_array_equal(ids, np.arange(16))
    np.testing.assert_array_equal(weights, np.ones(16))


def test_k11_the_teacher_is_left_as_it_was_and_does_not_run_in_evaluate():
    teacher = network(8, norm=True)
    before = [value.copy() for value in teacher.get_weights()]
    distiller = compiled(Distiller(teacher, network(), SoftTarget()))
    distiller.fit(*batch(), epochs=2, verbose=0)
    assert teacher.trainable and all(layer.trainable for layer in teacher.layers)
    assert len(teacher.trainable_weights) == 6
    for a, b in zip(before, teacher.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    distiller.wiring = None  # whatever asks for the teacher now fails
    distiller.evaluate(*batch(), verbose=0)


def test_k12_regularisers_and_add_loss_count_once():
    x, y = batch()
    student = network(kernel_regularizer=keras.regularizers.L2(0.1), activity_regularizer="l2")
    penalty = 0.1 * float((student.get_layer("hidden").kernel.numpy() ** 2).sum())
    activity = 0.01 * float((student.get_layer("hidden")(x).numpy() ** 2).sum())
    cross_entropy = float(CROSS_ENTROPY(y, student(x)))
    distiller = compiled(Distiller(network(8), student, SoftTarget()), keras.optimizers.SGD(0.0))
    history = distiller.fit(x, y, batch_size=16, epochs=2, verbose=0).history
    plain = keras.Model(student.inputs, student.outputs)
    compiled(plain, keras.optimizers.SGD(0.0))
    expected = plain.fit(x, y, batch_size=16, verbose=0).history["loss"]
    np.testing.assert_allclose(history["student_loss"], expected * 2, rtol=1e-5)
    assert history["student_loss"][0] > cross_entropy + penalty + 0.5 * activity / 16


def test_k13_a_loss_owns_weights_that_are_trained():
    distiller = compiled(Distiller(network(8), network(), Hint("hidden", "hidden")))
    hint = distiller.distillation_losses[0]
    before = [value.copy() for value in hint.get_weights()]
    assert len(distiller.trainable_weights) == len(distiller.student.trainable_weights) + 2
    distiller.fit(*batch(), verbose=0)
    assert all(np.any(a != b) for a, b in zip(before, hint.get_weights(), strict=True))


def test_k14_the_total_is_a_plain_weighted_sum():
    terms = [SoftTarget(), LocalityPreserving("hidden", "hidden", num_neighbors=2)]
    distiller = Distiller(network(8), network(), terms, [3.0, 3000.0], student_loss_weight=2.0)
    history = compiled(distiller).fit(*batch(), batch_size=16, verbose=0).history
    expected = (
        2.0 * history["student_loss"][0]
        + 3.0 * history["soft_target"][0]
        + 3000.0 * history["locality_preserving"][0]
    )
    np.testing.assert_allclose(history["loss"][0], expected, rtol=1e-5)


def test_k15_a_student_layer_name_alone_is_honoured():
    inputs = keras.Input((6,))
    wide = layers.Dense(3, name="three")(inputs)
    student = keras.Model(inputs, layers.Dense(5)(wide))
    distiller = Distiller(network(), student, SoftTarget(student_layer_name="three"))
    history = compiled(distiller).fit(*batch(), verbose=0).history
    assert np.isfinite(history["soft_target"][0])
    with pytest.raises(ValueError, match="must have the same classes"):
        Distiller(network(), student, SoftTarget())


def test_k16_each_term_is_logged_under_its_name():
    terms = [
        SoftTarget(), Hint("hidden", "hidden"), Hint("logits", "logits"), SoftTarget(name="warm"),
    ]  # fmt: skip
    history = compiled(Distiller(network(8), network(), terms)).fit(*batch(), verbose=0).history
    assert {"loss", "student_loss", "soft_target", "hint", "hint_1", "warm"} == set(history)
