"""The contract of all losses. Classes are found, not listed: a new loss is held to it at once.

The test file of a loss, `test_<name>.py`, gives `EXAMPLES`, functions that make it, and where
teacher and student features must agree in shape, `SAME_SHAPE = True`.
"""

import importlib.util
import json
import math
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import losses
from tf_lpdistill.losses.base import Loss, snake_case

BATCH = 12


def all_classes():
    return [getattr(losses, name) for name in losses.__all__ if name not in ("Loss", "get")]


def test_module(loss_class):
    path = pathlib.Path(__file__).with_name(f"test_{snake_case(loss_class.__name__)}.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


test_module.__test__ = False


def cases():
    for loss_class in all_classes():
        module = test_module(loss_class)
        for index, make in enumerate(module.EXAMPLES):
            shapes = getattr(module, "SHAPES", ((7,), (7,) if _same(module) else (5,)))
            yield pytest.param((make, *shapes), id=f"{loss_class.__name__}-{index}")


def _same(module):
    return getattr(module, "SAME_SHAPE", False)


@pytest.fixture(params=cases())
def case(request):
    """(make, teacher features, student features), float32."""
    make, teacher_shape, student_shape = request.param
    rng = np.random.default_rng(0)
    teacher = rng.normal(size=(BATCH, *teacher_shape)).astype("float32")
    student = rng.normal(size=(BATCH, *student_shape)).astype("float32")
    return make, teacher, student


def value_and_gradient(loss, teacher, student):
    student = tf.convert_to_tensor(student)
    with tf.GradientTape() as tape:
        tape.watch(student)
        value = loss.compute_loss(teacher, student)
    return value, tape.gradient(value, student)


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
    loss = make()
    full = loss.compute_loss(teacher, student)
    value = loss.compute_loss(tf.cast(teacher, dtype), tf.cast(student, dtype))
    assert value.shape == () and value.dtype == "float32"
    np.testing.assert_allclose(value, full, rtol=0.1, atol=0.02)


@pytest.mark.parametrize("kind", ["duplicates", "zeros", "one", "huge", "equal"])
def test_finite_value_and_gradient(case, kind):
    make, teacher, student = case
    if kind == "duplicates":
        teacher, student = np.repeat(teacher[:3], 4, axis=0), np.repeat(student[:3], 4, axis=0)
    if kind == "zeros":
        teacher, student = teacher * 0.0, student * 0.0
    if kind == "one":
        teacher, student = teacher[:1], student[:1]
    if kind == "huge":
        teacher, student = teacher * 1e12, student * 1e12
    if kind == "equal":
        student = np.resize(teacher, student.shape)
    value, gradient = value_and_gradient(make(), teacher, student)
    assert np.isfinite(value) and np.isfinite(gradient).all()


def test_no_gradient_reaches_the_teacher(case):
    make, teacher, student = case
    teacher, loss = tf.convert_to_tensor(teacher), make()
    with tf.GradientTape() as tape:
        tape.watch(teacher)
        value = loss.compute_loss(teacher, student)
    gradient = tape.gradient(value, teacher)
    assert gradient is None or not np.any(gradient)


def test_order_of_the_batch_does_not_matter(case):
    make, teacher, student = case
    loss, order = make(), np.random.default_rng(1).permutation(BATCH)
    value, gradient = value_and_gradient(loss, teacher, student)
    again, permuted = value_and_gradient(loss, teacher[order], student[order])
    np.testing.assert_allclose(value, again, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(gradient.numpy()[order], permuted, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_unknown_batch_size_and_xla(case, jit_compile):
    make, teacher, student = case
    loss = make()
    loss.ensure_built(teacher.shape, student.shape)
    value, gradient = value_and_gradient(loss, teacher, student)
    spec = [tf.TensorSpec((None, *a.shape[1:]), "float32") for a in (teacher, student)]

    @tf.function(input_signature=spec, jit_compile=jit_compile)
    def compiled(teacher, student):
        return value_and_gradient(loss, teacher, student)

    compiled_value, compiled_gradient = compiled(teacher, student)
    np.testing.assert_allclose(value, compiled_value, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(gradient, compiled_gradient, rtol=1e-3, atol=1e-5)
    small = compiled(teacher[:2], student[:2])[0]  # the ragged last batch of an epoch
    np.testing.assert_allclose(small, loss.compute_loss(teacher[:2], student[:2]), rtol=1e-4)


def test_config_to_json_and_back(case):
    make, teacher, student = case
    loss = make()
    loss.ensure_built(teacher.shape, student.shape)
    text = json.dumps(keras.saving.serialize_keras_object(loss))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    again.set_weights(loss.get_weights())
    np.testing.assert_array_equal(
        loss.compute_loss(teacher, student), again.compute_loss(teacher, student)
    )


def test_weight_zero_for_all_gives_zero(case):
    make, teacher, student = case
    value = make().compute_loss(teacher, student, sample_weight=np.zeros(BATCH, "float32"))
    assert float(value) == 0.0


def test_a_mean_keeps_its_size_when_the_batch_doubles(case):
    make, teacher, student = case
    loss = make()
    value = float(loss.compute_loss(teacher, student))
    rng = np.random.default_rng(5)
    larger = [rng.normal(size=(2 * BATCH, *a.shape[1:])).astype("float32") for a in case[1:]]
    assert 0.2 < float(loss.compute_loss(*larger)) / value < 5.0


def test_the_same_gradient_on_one_and_two_replicas(case, mirrored):
    make, teacher, student = case
    with mirrored.scope():
        loss = make()
        loss.ensure_built(teacher.shape, student.shape)
    expected, expected_gradient = value_and_gradient(loss, teacher, student)

    def halves(features):
        return mirrored.experimental_distribute_values_from_function(
            lambda ctx: tf.constant(features[6 * ctx.replica_id_in_sync_group :][:6])
        )

    @tf.function
    def run(teacher, student):
        def replica(teacher, student):
            with tf.GradientTape() as tape:
                tape.watch(student)
                value = loss.compute_loss(teacher, student)
                scaled = value / 2.0
            return value, tape.gradient(scaled, student)

        return mirrored.run(replica, args=(teacher, student))

    values, gradients = run(halves(teacher), halves(student))
    np.testing.assert_allclose(np.mean([v.numpy() for v in values.values]), expected, rtol=1e-5)
    joined = np.concatenate([g.numpy() for g in gradients.values])
    np.testing.assert_allclose(joined, expected_gradient, rtol=1e-4, atol=1e-6)


def test_works_in_keras_own_distiller(case):
    make, teacher, student = case
    shape = teacher.shape[1:]  # Keras's Distiller wants equal outputs
    models = [
        keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(math.prod(shape)), keras.layers.Reshape(shape)]
        )
        for _ in range(2)
    ]
    distiller = keras.distillation.Distiller(*models, [make()], student_loss_weight=0.5)
    distiller.compile("sgd", loss="mse")
    x = np.random.default_rng(0).normal(size=(BATCH, 4)).astype("float32")
    history = distiller.fit(x, np.zeros((BATCH, *shape)), verbose=0).history
    assert np.isfinite(history["distillation_loss"]).all()
