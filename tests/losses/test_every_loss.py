"""The contract of all losses. Classes are found, not listed: a new loss is held to it at once.

The test file of a loss, `test_<name>.py`, gives `EXAMPLES`, functions that make it, and where the
defaults do not fit, `SHAPES = (teacher shape, student shape)` without the batch; each a tuple of
shapes for a loss over several layers. `MATCHING = True` says that a student equal to the teacher
gives 0. A loss that takes several teachers is held to the contract over one and over two.
"""

import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.losses.contract import (
    BATCH,
    LABELS,
    all_classes,
    build,
    cases,
    compute,
    draw,
    each,
    module_of,
    takes_objects,
    value_and_gradient,
)
from tf_lpdistill import losses
from tf_lpdistill.losses.base import Loss, snake_case


@pytest.fixture(params=cases())
def case(request):
    """(make, teacher features, student features), float32."""
    make, teacher_shape, student_shape = request.param
    rng = np.random.default_rng(0)
    return make, draw(rng, teacher_shape), draw(rng, student_shape)


def test_there_are_losses():
    assert {losses.LocalityPreserving, losses.SoftTarget, losses.Hint} <= set(all_classes())


@pytest.mark.parametrize("loss_class", all_classes())
def test_name_file_and_docstring(loss_class):
    name = snake_case(loss_class.__name__)
    assert loss_class.__module__ == f"tf_lpdistill.losses.{name}"
    assert losses.get(name) is loss_class is losses.get(loss_class)
    assert issubclass(loss_class, Loss)
    assert issubclass(loss_class, keras.distillation.DistillationLoss)
    assert "https://" in loss_class.__doc__ and "Reference:" in loss_class.__doc__
    assert "Args:" in loss_class.__doc__ and "Raises:" in loss_class.__doc__


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"Expected one of \[.*'locality_preserving'.*Received"):
        losses.get("locality")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_scalar_float32_for_every_input_dtype(case, dtype):
    make, teacher, student = case
    loss = build(make, teacher, student)
    full, _ = value_and_gradient(loss, teacher, student)
    halves = (each(lambda f: tf.cast(f, dtype), features) for features in (teacher, student))
    value, gradient = value_and_gradient(loss, *halves)
    assert value.shape == () and value.dtype == "float32"
    assert all(np.isfinite(tf.cast(g, "float32")).all() for g in gradient)
    np.testing.assert_allclose(value, full, rtol=0.1, atol=0.02)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_a_policy_of_mixed_precision_changes_nothing(case, policy):
    make, teacher, student = case
    if takes_objects(make):
        pytest.skip("the precision of what is given as an argument is the giver's choice")
    loss = build(make, teacher, student)
    keras.config.set_dtype_policy(policy)
    mixed = build(make, teacher, student)
    mixed.set_weights(loss.get_weights())
    assert all(weight.dtype == "float32" for weight in mixed.trainable_weights)
    np.testing.assert_array_equal(compute(loss, teacher, student), compute(mixed, teacher, student))


def distort(kind, features):
    if kind == "duplicates":
        return np.repeat(features[:3], 4, axis=0)
    if kind == "one":
        return features[:1]
    return features * {"zeros": 0.0, "huge": 1e12, "tiny": 1e-12}[kind]


@pytest.mark.parametrize("kind", ["duplicates", "zeros", "one", "huge", "tiny"])
def test_finite_value_and_gradient(case, kind):
    make, teacher, student = case
    teacher, student = (each(lambda f: distort(kind, f), f) for f in (teacher, student))
    loss = build(make, teacher, student)
    value, gradient = value_and_gradient(loss, teacher, student)
    assert np.isfinite(value) and all(np.isfinite(g).all() for g in gradient)


@pytest.mark.parametrize("loss_class", all_classes())
def test_a_student_equal_to_the_teacher(loss_class):
    module = module_of(loss_class)
    shape = getattr(module, "SHAPES", ((7,), (5,)))[0]
    features = draw(np.random.default_rng(0), shape)
    for make in module.EXAMPLES:
        loss = build(make, features, features)
        value, gradient = value_and_gradient(loss, features, features)
        assert np.isfinite(value) and all(np.isfinite(g).all() for g in gradient)
        if getattr(module, "MATCHING", False):
            np.testing.assert_allclose(value, 0.0, atol=1e-6)


def test_no_gradient_reaches_the_teacher(case):
    make, teacher, student = case
    teacher, loss = each(tf.convert_to_tensor, teacher), build(make, teacher, student)
    with tf.GradientTape() as tape:
        tape.watch(teacher)
        value = compute(loss, teacher, student)
    gradients = tape.gradient(value, keras.tree.flatten(teacher))
    assert all(gradient is None or not np.any(gradient) for gradient in gradients)


def test_order_of_the_batch_does_not_matter(case):
    make, teacher, student = case
    loss, order = build(make, teacher, student), np.random.default_rng(1).permutation(BATCH)
    value, gradient = value_and_gradient(loss, teacher, student)
    permuted = (each(lambda f: f[order], features) for features in (teacher, student))
    again, permuted_gradient = value_and_gradient(loss, *permuted, y=LABELS[order], sample_id=order)
    np.testing.assert_allclose(value, again, rtol=1e-4, atol=1e-6)
    for one, other in zip(gradient, permuted_gradient, strict=True):
        np.testing.assert_allclose(one.numpy()[order], other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_unknown_batch_size_and_xla(case, jit_compile):
    make, teacher, student = case
    loss = build(make, teacher, student)
    value, gradient = value_and_gradient(loss, teacher, student)
    unknown = [
        each(lambda f: tf.TensorSpec((None, *f.shape[1:]), "float32"), features)
        for features in (teacher, student)
    ]

    integers = tf.TensorSpec((None,), "int64")

    @tf.function(input_signature=[*unknown, integers, integers], jit_compile=jit_compile)
    def compiled(teacher, student, y, sample_id):
        return value_and_gradient(loss, teacher, student, y=y, sample_id=sample_id, step=3)

    before = loss.get_weights()
    compiled_value, compiled_gradient = compiled(teacher, student, LABELS, np.arange(BATCH))
    loss.set_weights(before)
    np.testing.assert_allclose(value, compiled_value, rtol=1e-4, atol=1e-6)
    for one, other in zip(gradient, compiled_gradient, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    # The ragged last batch of an epoch.
    small = [each(lambda f: tf.constant(f[:2]), features) for features in (teacher, student)]
    np.testing.assert_allclose(
        compute(loss, *small),
        compiled(*small, LABELS[:2], np.arange(2))[0],
        rtol=1e-4,
        atol=1e-6,
    )


def test_config_to_json_and_back(case):
    make, teacher, student = case
    loss = build(make, teacher, student)
    text = json.dumps(keras.saving.serialize_keras_object(loss))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    again.set_weights(loss.get_weights())
    np.testing.assert_array_equal(compute(loss, teacher, student), compute(again, teacher, student))


def test_weight_zero_for_all_gives_zero(case):
    make, teacher, student = case
    loss, weight = build(make, teacher, student), np.zeros(BATCH, "float32")
    assert float(compute(loss, teacher, student, sample_weight=weight)) == 0.0


def test_a_sample_of_weight_zero_does_not_count(case):
    make, teacher, student = case
    loss, weight = build(make, teacher, student), np.ones(BATCH, "float32")
    weight[4] = 0.0
    value, gradient = value_and_gradient(loss, teacher, student, sample_weight=weight)
    rng = np.random.default_rng(7)

    def moved(features):
        features = features.copy()
        features[4] = rng.normal(size=features[4].shape)
        return features

    other = (each(moved, features) for features in (teacher, student))
    again, _ = value_and_gradient(loss, *other, sample_weight=weight)
    np.testing.assert_allclose(value, again, rtol=1e-5)
    assert all(np.abs(g.numpy()[4]).max() < 1e-6 for g in gradient)


@pytest.mark.parametrize("doubled", ["batch", "width", "resolution"])
def test_a_mean_keeps_its_size(case, doubled):
    make, teacher, student = case
    expected = compute(build(make, teacher, student), teacher, student)

    def larger(features):
        *sides, width = features.shape[1:]
        sides = [2 * side for side in sides] if doubled == "resolution" else sides
        width = 2 * width if doubled == "width" else width
        batch = 2 * BATCH if doubled == "batch" else BATCH
        return draw(rng, (*sides, width), batch)

    rng = np.random.default_rng(5)
    teacher, student = (each(larger, features) for features in (teacher, student))
    if doubled != "batch" and takes_objects(make):
        pytest.skip("an argument fixes the size of the features")
    size = len(keras.tree.flatten(student)[0])
    value = compute(build(make, teacher, student), teacher, student, y=np.arange(size) % 5)
    assert 0.1 < float(value) / float(expected) < 10.0


def test_the_same_gradient_on_one_and_two_replicas(case, mirrored):
    make, teacher, student = case
    with mirrored.scope():
        loss = build(make, teacher, student)
    expected, expected_gradient = value_and_gradient(loss, teacher, student)
    with tf.GradientTape() as tape:
        value = compute(loss, teacher, student)
    own = [variable.value for variable in loss.trainable_variables]
    expected_own = tape.gradient(value, own, unconnected_gradients="zero")

    def halves(features):
        return mirrored.experimental_distribute_values_from_function(
            lambda ctx: tf.constant(features[6 * ctx.replica_id_in_sync_group :][:6])
        )

    @tf.function
    def run(*parts):
        def replica(teacher, student, y, sample_id):
            with tf.GradientTape() as tape:
                own = [variable.value for variable in loss.trainable_variables]
                value, gradient = value_and_gradient(
                    loss, teacher, student, y=y, sample_id=sample_id, step=3
                )
            own = tape.gradient(value, own, unconnected_gradients="zero")
            return value, [g / 2.0 for g in gradient], [g / 2.0 for g in own]

        return mirrored.run(replica, args=parts)

    features = each(halves, teacher), each(halves, student)
    values, gradients, own = run(*features, halves(LABELS), halves(np.arange(BATCH)))
    np.testing.assert_allclose(np.mean([v.numpy() for v in values.values]), expected, rtol=1e-5)
    for parts, whole in zip(gradients, expected_gradient, strict=True):
        joined = np.concatenate([part.numpy() for part in parts.values])
        np.testing.assert_allclose(joined, whole, rtol=1e-4, atol=1e-6)
    for parts, whole in zip(own, expected_own, strict=True):
        summed = sum(part.numpy() for part in parts.values)
        np.testing.assert_allclose(summed, whole, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "loss_class", [loss_class for loss_class in all_classes() if loss_class.several_teachers]
)
def test_unequal_numbers_of_teachers_are_refused(loss_class):
    features = draw(np.random.default_rng(0), ((5,), (5,), (5,)))
    loss = loss_class()
    with pytest.raises(ValueError, match="one weight for each teacher. Received: features of 2"):
        loss.compute_loss(features[:2], features[2], teacher_weights=(0.2, 0.3, 0.5))
    with pytest.raises(ValueError, match="expected one tensor of student features"):
        loss.check_shapes(features[:2], features[:2])


def test_works_in_keras_own_distiller(case):
    make, teacher, student = case
    if isinstance(teacher, tuple):
        pytest.skip("Keras's own Distiller gives a loss one layer pair of one teacher")
    shape = teacher.shape[1:]  # Keras's Distiller wants equal outputs
    models = [
        keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(math.prod(shape)), keras.layers.Reshape(shape)]
        )
        for _ in range(2)
    ]
    loss = make()
    if loss.needs:
        pytest.skip("Keras's own Distiller gives a loss neither labels nor sample ids")
    distiller = keras.distillation.Distiller(*models, [loss], student_loss_weight=0.5)
    distiller.compile("sgd", loss="mse")
    x = np.random.default_rng(0).normal(size=(BATCH, 4)).astype("float32")
    history = distiller.fit(x, np.zeros((BATCH, *shape)), verbose=0).history
    assert np.isfinite(history["distillation_loss"]).all()
