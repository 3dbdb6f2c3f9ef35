"""The contract of all losses. Classes are found, not listed: a new loss is held to it at once.

The test file of a loss, `test_<name>.py`, gives `EXAMPLES`, functions that make it, and where the
defaults do not fit, `SHAPES = (teacher shape, student shape)` without the batch; each a tuple of
shapes for a loss over several layers. `MATCHING = True` says that a student equal to the teacher
gives 0.
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
            shapes = getattr(module, "SHAPES", ((7,), (5,)))
            yield pytest.param((make, *shapes), id=f"{loss_class.__name__}-{index}")


def draw(rng, shape, batch=BATCH):
    """Features of a shape without the batch, or a tuple of them for a tuple of shapes."""
    if isinstance(shape[0], tuple):
        return tuple(draw(rng, part, batch) for part in shape)
    return rng.normal(size=(batch, *shape)).astype("float32")


def each(function, features):
    """Applies a function to the features of every layer."""
    return keras.tree.map_structure(function, features)


def shapes_of(features):
    return each(lambda f: tf.TensorShape(f.shape), features)


@pytest.fixture(params=cases())
def case(request):
    """(make, teacher features, student features), float32."""
    make, teacher_shape, student_shape = request.param
    rng = np.random.default_rng(0)
    return make, draw(rng, teacher_shape), draw(rng, student_shape)


LABELS = np.arange(BATCH) % 5


def value_and_gradient(loss, teacher, student, **extras):
    student = each(tf.convert_to_tensor, student)
    if "y" not in extras:
        extras["y"] = LABELS[: len(keras.tree.flatten(student)[0])]
    with tf.GradientTape() as tape:
        tape.watch(student)
        value = loss.compute_loss(teacher, student, **extras)
    return value, tape.gradient(value, keras.tree.flatten(student))


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
    full, _ = value_and_gradient(loss, teacher, student)
    halves = (each(lambda f: tf.cast(f, dtype), features) for features in (teacher, student))
    value, gradient = value_and_gradient(loss, *halves)
    assert value.shape == () and value.dtype == "float32"
    assert all(np.isfinite(tf.cast(g, "float32")).all() for g in gradient)
    np.testing.assert_allclose(value, full, rtol=0.1, atol=0.02)


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
    value, gradient = value_and_gradient(make(), teacher, student)
    assert np.isfinite(value) and all(np.isfinite(g).all() for g in gradient)


@pytest.mark.parametrize("loss_class", all_classes())
def test_a_student_equal_to_the_teacher(loss_class):
    module = test_module(loss_class)
    shape = getattr(module, "SHAPES", ((7,), (5,)))[0]
    features = draw(np.random.default_rng(0), shape)
    for make in module.EXAMPLES:
        value, gradient = value_and_gradient(make(), features, features)
        assert np.isfinite(value) and all(np.isfinite(g).all() for g in gradient)
        if getattr(module, "MATCHING", False):
            np.testing.assert_allclose(value, 0.0, atol=1e-6)


def test_no_gradient_reaches_the_teacher(case):
    make, teacher, student = case
    teacher, loss = each(tf.convert_to_tensor, teacher), make()
    with tf.GradientTape() as tape:
        tape.watch(teacher)
        value = loss.compute_loss(teacher, student, y=LABELS)
    gradients = tape.gradient(value, keras.tree.flatten(teacher))
    assert all(gradient is None or not np.any(gradient) for gradient in gradients)


def test_order_of_the_batch_does_not_matter(case):
    make, teacher, student = case
    loss, order = make(), np.random.default_rng(1).permutation(BATCH)
    value, gradient = value_and_gradient(loss, teacher, student)
    permuted = (each(lambda f: f[order], features) for features in (teacher, student))
    again, permuted_gradient = value_and_gradient(loss, *permuted, y=LABELS[order])
    np.testing.assert_allclose(value, again, rtol=1e-4, atol=1e-6)
    for one, other in zip(gradient, permuted_gradient, strict=True):
        np.testing.assert_allclose(one.numpy()[order], other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_unknown_batch_size_and_xla(case, jit_compile):
    make, teacher, student = case
    loss = make()
    loss.ensure_built(shapes_of(teacher), shapes_of(student))
    value, gradient = value_and_gradient(loss, teacher, student)
    unknown = [
        each(lambda f: tf.TensorSpec((None, *f.shape[1:]), "float32"), features)
        for features in (teacher, student)
    ]

    @tf.function(
        input_signature=[*unknown, tf.TensorSpec((None,), "int64")], jit_compile=jit_compile
    )
    def compiled(teacher, student, y):
        return value_and_gradient(loss, teacher, student, y=y)

    compiled_value, compiled_gradient = compiled(teacher, student, LABELS)
    np.testing.assert_allclose(value, compiled_value, rtol=1e-4, atol=1e-6)
    for one, other in zip(gradient, compiled_gradient, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    # The ragged last batch of an epoch.
    small = [each(lambda f: tf.constant(f[:2]), features) for features in (teacher, student)]
    np.testing.assert_allclose(
        compiled(*small, LABELS[:2])[0],
        loss.compute_loss(*small, y=LABELS[:2]),
        rtol=1e-4,
        atol=1e-6,
    )


def test_config_to_json_and_back(case):
    make, teacher, student = case
    loss = make()
    loss.ensure_built(shapes_of(teacher), shapes_of(student))
    text = json.dumps(keras.saving.serialize_keras_object(loss))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    again.set_weights(loss.get_weights())
    np.testing.assert_array_equal(
        loss.compute_loss(teacher, student, y=LABELS),
        again.compute_loss(teacher, student, y=LABELS),
    )


def test_weight_zero_for_all_gives_zero(case):
    make, teacher, student = case
    weight = np.zeros(BATCH, "float32")
    assert float(make().compute_loss(teacher, student, y=LABELS, sample_weight=weight)) == 0.0


def test_a_sample_of_weight_zero_does_not_count(case):
    make, teacher, student = case
    loss, weight = make(), np.ones(BATCH, "float32")
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


def test_a_mean_keeps_its_size_when_the_batch_doubles(case):
    make, teacher, student = case
    loss = make()
    value, _ = value_and_gradient(loss, teacher, student)
    rng = np.random.default_rng(5)
    larger = [draw(rng, _shape(features), 2 * BATCH) for features in (teacher, student)]
    doubled = loss.compute_loss(*larger, y=np.tile(LABELS, 2))
    assert 0.2 < float(doubled) / float(value) < 5.0


def _shape(features):
    if isinstance(features, tuple):
        return tuple(_shape(part) for part in features)
    return features.shape[1:]


def test_the_same_gradient_on_one_and_two_replicas(case, mirrored):
    make, teacher, student = case
    with mirrored.scope():
        loss = make()
        loss.ensure_built(shapes_of(teacher), shapes_of(student))
    expected, expected_gradient = value_and_gradient(loss, teacher, student)

    def halves(features):
        return mirrored.experimental_distribute_values_from_function(
            lambda ctx: tf.constant(features[6 * ctx.replica_id_in_sync_group :][:6])
        )

    @tf.function
    def run(teacher, student, y):
        def replica(teacher, student, y):
            value, gradient = value_and_gradient(loss, teacher, student, y=y)
            return value, [g / 2.0 for g in gradient]

        return mirrored.run(replica, args=(teacher, student, y))

    values, gradients = run(each(halves, teacher), each(halves, student), halves(LABELS))
    np.testing.assert_allclose(np.mean([v.numpy() for v in values.values]), expected, rtol=1e-5)
    for parts, whole in zip(gradients, expected_gradient, strict=True):
        joined = np.concatenate([part.numpy() for part in parts.values])
        np.testing.assert_allclose(joined, whole, rtol=1e-4, atol=1e-6)


def test_works_in_keras_own_distiller(case):
    make, teacher, student = case
    if make().several_layers and isinstance(teacher, tuple):
        pytest.skip("Keras's own Distiller gives a loss one layer pair")
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
