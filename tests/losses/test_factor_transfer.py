"""FT: the distance against a loop, the parts' gradients, and the two published stages."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import Distiller
from tf_lpdistill.losses import FactorTransfer, Hint
from tf_lpdistill.losses.factor_transfer import factor_distance, make_paraphraser

EXAMPLES = [
    lambda: FactorTransfer(),
    lambda: FactorTransfer(paraphraser=make_paraphraser((4, 2, 6))[0]),
]
SHAPES = ((4, 2, 6), (4, 4, 3))


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def reference(teacher, student):
    total = 0.0
    for t, s in zip(np.float64(teacher), np.float64(student), strict=True):
        t, s = t.ravel(), s.ravel()
        t, s = t / np.sqrt(np.mean(t**2)), s / np.sqrt(np.mean(s**2))
        total += sum(abs(a - b) for a, b in zip(t, s, strict=True)) / len(t)
    return total / len(teacher)


def test_distance_equals_the_loop():
    teacher, student = draw(5, 4, 2, 6), 3.0 * draw(5, 4, 2, 6, seed=1)
    np.testing.assert_allclose(
        factor_distance(teacher, student), reference(teacher, student), rtol=1e-5
    )


def test_distance_by_hand():
    # (3, 4) / (5 / sqrt 2) and (1, 0) / (1 / sqrt 2): the mean of sqrt 2 |(3/5 - 1, 4/5)|.
    teacher, student = np.array([[3.0, 4.0]], "float32"), np.array([[10.0, 0.0]], "float32")
    value = factor_distance(teacher.reshape(1, 1, 1, 2), student.reshape(1, 1, 1, 2))
    np.testing.assert_allclose(value, np.sqrt(2.0) * (0.4 + 0.8) / 2, rtol=1e-6)


def test_the_papers_and_the_public_codes_scale():
    """The conversions that the docstring gives."""
    teacher, student = draw(5, 4, 2, 6), draw(5, 4, 2, 6, seed=1)
    flat = (f.reshape(5, -1) for f in (teacher, student))
    t, s = (f / np.linalg.norm(f, axis=1, keepdims=True) for f in flat)
    value = float(factor_distance(teacher, student))
    np.testing.assert_allclose(np.abs(t - s).sum(axis=1).mean(), value * np.sqrt(48), rtol=1e-5)
    np.testing.assert_allclose(np.abs(t - s).mean(), value / np.sqrt(48), rtol=1e-5)


def test_equal_factors_give_zero_whatever_their_length():
    teacher = draw(5, 4, 2, 6)
    np.testing.assert_allclose(factor_distance(teacher, 7.0 * teacher), 0.0, atol=1e-6)


def test_sample_weight():
    teacher, student = draw(3, 2, 2, 4), draw(3, 2, 2, 4, seed=1)
    weight = np.array([2.0, 0.0, 1.0], "float32")
    each = [reference(teacher[[i]], student[[i]]) for i in range(3)]
    value = factor_distance(teacher, student, weight)
    np.testing.assert_allclose(value, np.dot(each, weight) / 3, rtol=1e-5)


def test_with_a_paraphraser_the_value_is_the_distance_of_the_factors():
    teacher, student = draw(5, 4, 2, 6), draw(5, 4, 4, 3, seed=1)
    encoder, _ = make_paraphraser((4, 2, 6))
    loss = FactorTransfer(paraphraser=encoder)
    value = loss.compute_loss(teacher, student)
    translated = loss.translator(student).numpy()
    pooled = (translated[:, :, 0::2] + translated[:, :, 1::2]) / 2
    np.testing.assert_allclose(value, reference(encoder(teacher), pooled), rtol=1e-5)
    assert {id(v) for v in loss.trainable_variables} == {
        id(v) for v in loss.translator.trainable_variables
    }


def test_without_one_the_parts_are_trained_apart():
    teacher, student = draw(5, 4, 2, 6), draw(5, 4, 2, 3, seed=1)
    loss = FactorTransfer()
    with tf.GradientTape() as tape:
        value = loss.compute_loss(teacher, student)
    parts = (loss.encoder, loss.decoder, loss.translator)
    gradients = tape.gradient(value, [part.trainable_variables for part in parts])
    factor = loss.encoder(teacher)
    with tf.GradientTape(persistent=True) as tape:
        error = tf.reduce_mean((loss.decoder(loss.encoder(teacher)) - teacher) ** 2)
        distance = factor_distance(factor, loss.translator(student))
    np.testing.assert_allclose(value, error + distance, rtol=1e-5)
    for gradient, part, target in zip(gradients, parts, (error, error, distance), strict=True):
        expected = tape.gradient(target, part.trainable_variables)
        for one, other in zip(gradient, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(("rate", "factors"), [(0.5, 3), (0.1, 1), (2.0, 12)])
@pytest.mark.parametrize("shape", [(4, 2, 6), (6,)])
def test_shapes_of_the_paraphraser(shape, rate, factors):
    encoder, decoder = make_paraphraser(shape, rate)
    maps = shape if len(shape) == 3 else (1, 1, 6)
    assert encoder.output_shape == (None, *maps[:2], factors)
    assert decoder.output_shape == (None, *shape)


def test_the_two_stages_are_two_distillers():
    teacher = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Conv2D(6, 3, activation="relu", name="features"),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )
    student = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Conv2D(4, 3, name="guided"),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
        ]
    )
    images, teacher_weights = draw(64, 4, 4, 1), teacher.get_weights()
    features = keras.Model(teacher.inputs, teacher.get_layer("features").output)
    features.trainable = False
    encoder, decoder = make_paraphraser(features.output_shape[1:])
    autoencoder = keras.Sequential([features, encoder, decoder])
    reconstruction = Hint(regressor=keras.layers.Identity())
    first = Distiller(features, autoencoder, reconstruction, student_loss_weight=0.0)
    first.compile(keras.optimizers.Adam(0.04))
    errors = first.fit(images, epochs=10, verbose=0).history["hint"]
    assert errors[-1] < 0.7 * errors[0]

    paraphrased = encoder.get_weights()
    loss = FactorTransfer("features", "guided", paraphraser=encoder)
    second = Distiller(teacher, student, loss, student_loss_weight=0.0)
    second.compile(keras.optimizers.Adam(0.04))
    distances = second.fit(images, epochs=10, verbose=0).history["factor_transfer"]
    assert distances[-1] < 0.7 * distances[0]
    for model, before in ((encoder, paraphrased), (teacher, teacher_weights)):
        for weight, old in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(weight, old)


def test_the_paraphraser_is_saved_with_the_distiller(tmp_path):
    teacher = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6)])
    student = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    loss = FactorTransfer(paraphraser=make_paraphraser((6,))[0])
    distiller = Distiller(teacher, student, loss, student_loss_weight=0.0)
    distiller.compile("adam")
    distiller.fit(draw(16, 4), verbose=0)
    distiller.save(tmp_path / "distiller.keras")
    again = Distiller.load(tmp_path / "distiller.keras", teacher=teacher).distillation_losses[0]
    features = draw(5, 6), draw(5, 3, seed=1)
    np.testing.assert_array_equal(again.compute_loss(*features), loss.compute_loss(*features))
    assert again.paraphraser.trainable is False


@pytest.mark.parametrize("given", [False, True])
def test_mixed_precision_changes_nothing(given):
    teacher, student = draw(5, 4, 2, 6), draw(5, 4, 2, 3, seed=1)
    values = []
    for policy in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        keras.utils.set_random_seed(1)
        paraphraser = make_paraphraser((4, 2, 6))[0] if given else None
        values.append(float(FactorTransfer(paraphraser=paraphraser).compute_loss(teacher, student)))
    assert values[0] == values[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"paraphraser": "conv"}, "`paraphraser` must be a trained keras.Model.*'conv'"),
        ({"rate": 0.0}, r"`rate` must be a positive.*Received: rate=0.0"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        FactorTransfer(**arguments)


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="`teacher_shape` must be .* without the batch"):
        make_paraphraser((None, 4, 4, 6))
    with pytest.raises(ValueError, match="expected features .* of known size"):
        FactorTransfer().ensure_built((None, 4, 6), (None, 4, 6))
