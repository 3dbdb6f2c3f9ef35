"""The game of student and discriminator: value, both gradients, and where it leads."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.losses import AdversarialFeature

EXAMPLES = [
    lambda: AdversarialFeature(),
    lambda: AdversarialFeature(discriminator=keras.layers.Dense(1)),
]


def features(teacher_width=6, student_width=4, batch=8):
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(batch, teacher_width)).astype("float32"),
        rng.normal(size=(batch, student_width)).astype("float32"),
    )


def dense(inputs, kernel, bias):
    outputs = np.zeros((len(inputs), kernel.shape[1]))
    for i in range(len(inputs)):
        for j in range(kernel.shape[1]):
            outputs[i, j] = bias[j] + sum(inputs[i, c] * kernel[c, j] for c in range(len(kernel)))
    return outputs


def perceptron(inputs, weights):
    for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        inputs = dense(inputs, kernel, bias)
        inputs = np.where(inputs > 0.0, inputs, 0.2 * inputs)
    return dense(inputs, *weights[-2:])[:, 0]


def reference(teacher_logits, student_logits):
    values = []
    for t, s in zip(teacher_logits, student_logits, strict=True):
        probability = [1.0 / (1.0 + np.exp(-logit)) for logit in (t, s)]
        values.append(-0.5 * (np.log(probability[0]) + np.log(1.0 - probability[1])))
    return np.array(values)


@pytest.mark.parametrize("student_width", [4, 6])
def test_equals_the_loop(student_width):
    teacher, student = features(student_width=student_width)
    loss = AdversarialFeature()
    value = loss.compute_loss(teacher, student)
    adapted = np.float64(student)
    if student_width != 6:
        adapted = dense(adapted, *loss.adapter.get_weights())
    weights = loss.judge.get_weights()
    assert [w.shape for w in weights[::2]] == [(6, 128), (128, 128), (128, 1)]
    logits = [perceptron(f, weights) for f in (np.float64(teacher), adapted)]
    np.testing.assert_allclose(value, reference(*logits).mean(), rtol=1e-5)


def with_kernel(kernel, bias=0.0):
    """A discriminator that is one known dense layer."""
    layer = keras.layers.Dense(1)
    layer.build((None, len(kernel)))
    layer.set_weights([np.array(kernel, "float32")[:, None], np.array([bias], "float32")])
    return AdversarialFeature(discriminator=layer)


def test_value_computed_by_hand():
    # Logits: teacher ln 3, so D = 3/4; student 0, so D = 1/2.
    value = with_kernel([1.0]).compute_loss(np.array([[np.log(3.0)]]), np.array([[0.0]]))
    np.testing.assert_allclose(value, -0.5 * (np.log(0.75) + np.log(0.5)), rtol=1e-6)


def test_sample_weight():
    teacher, student = features(student_width=6)
    kernel = np.linspace(-1.0, 1.0, 6)
    weight = np.array([1, 0, 2, 0.5, 0, 0, 1, 1], "float32")
    value = with_kernel(kernel).compute_loss(teacher, student, sample_weight=weight)
    expected = (weight * reference(teacher @ kernel, student @ kernel)).mean()
    np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_the_discriminator_descends_and_the_student_ascends():
    # One sample, w = 2: logits 2 t and 2 s. dL/dw = -t/2 sigmoid(-2 t) + s/2 sigmoid(2 s), and
    # the student receives the negative of dL/ds = 2/2 sigmoid(2 s).
    teacher, student = np.array([[0.5]], "float32"), tf.constant([[-0.25]])
    loss = with_kernel([2.0])
    with tf.GradientTape() as tape:
        tape.watch(student)
        value = loss.compute_loss(teacher, student)
    kernel, _ = loss.trainable_variables
    of_kernel, of_student = tape.gradient(value, [kernel.value, student])

    def sigmoid(x):
        return 1.0 / (1.0 + np.exp(-x))

    expected = -0.25 * sigmoid(-1.0) - 0.125 * sigmoid(-0.5)
    np.testing.assert_allclose(of_kernel, [[expected]], rtol=1e-5)
    np.testing.assert_allclose(of_student, [[-sigmoid(-0.5)]], rtol=1e-5)


def test_the_adapter_plays_on_the_students_side():
    teacher, student = features()
    loss = AdversarialFeature()
    loss.ensure_built(teacher.shape, student.shape)
    before = float(loss.compute_loss(teacher, student))
    with tf.GradientTape() as tape:
        value = loss.compute_loss(teacher, student)
    kernel = loss.adapter.kernel
    kernel.assign_sub(0.1 * tape.gradient(value, kernel.value))
    assert float(loss.compute_loss(teacher, student)) > before


def test_equal_features_are_never_told_apart():
    # 1/2 (softplus(-a) + softplus(a)) >= log 2 for every logit a.
    teacher, _ = features()
    loss = AdversarialFeature()
    assert float(loss.compute_loss(teacher, teacher)) >= np.log(2.0) - 1e-6
    zero = with_kernel([0.0] * 6).compute_loss(teacher, features()[0][::-1])
    np.testing.assert_allclose(zero, np.log(2.0), rtol=1e-6)


def test_one_optimizer_leads_the_student_to_the_teachers_distribution():
    rng = np.random.default_rng(0)
    teacher = rng.normal(loc=(2.0, -1.0), size=(256, 2)).astype("float32")
    noise = rng.normal(size=(256, 2)).astype("float32")
    offset = tf.Variable([0.0, 0.0])
    loss = AdversarialFeature()
    loss.ensure_built((None, 2), (None, 2))
    variables = [offset, *(weight.value for weight in loss.trainable_variables)]
    optimizer = tf.optimizers.SGD(0.2)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            value = loss.compute_loss(teacher, noise + offset)
        optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))
        return value

    values = [float(step()) for _ in range(200)]
    assert min(values) < 0.6  # the discriminator did learn
    np.testing.assert_allclose(offset, [2.0, -1.0], atol=0.4)
    np.testing.assert_allclose(values[-1], np.log(2.0), atol=0.05)


def test_maps_of_different_size_and_channels():
    rng = np.random.default_rng(0)
    teacher = rng.normal(size=(4, 8, 8, 3)).astype("float32")
    student = rng.normal(size=(4, 4, 4, 5)).astype("float32")
    loss = AdversarialFeature(discriminator=keras.layers.Identity())
    with pytest.raises(ValueError, match=r"must give one logit a sample.*\(None, 4, 4, 3\)"):
        loss.compute_loss(teacher, student)
    kernel = rng.normal(size=(48, 1))
    judge = keras.Sequential(
        [keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    judge.layers[-1].set_weights([kernel, np.zeros(1)])
    loss = AdversarialFeature(discriminator=judge)
    value = loss.compute_loss(teacher, student)
    pooled = np.float64(teacher).reshape(4, 4, 2, 4, 2, 3).mean(axis=(2, 4))
    adapter, bias = loss.adapter.get_weights()
    assert adapter.shape == (5, 3)
    logits = [
        (f.reshape(4, 48) @ kernel)[:, 0] for f in (pooled, np.float64(student) @ adapter + bias)
    ]
    np.testing.assert_allclose(value, reference(*logits).mean(), rtol=1e-4)


def test_the_discriminator_is_in_training_mode():
    judge = keras.Sequential([keras.layers.Dropout(0.99), keras.layers.Dense(1)])
    teacher, student = features(student_width=6)
    loss = AdversarialFeature(discriminator=judge)
    values = {float(loss.compute_loss(teacher, student)) for _ in range(4)}
    assert len(values) > 1


def test_a_layer_as_discriminator_survives_its_config():
    loss = AdversarialFeature(discriminator=keras.layers.Dense(1, use_bias=False))
    loss.ensure_built((None, 6), (None, 4))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert {w.shape for w in again.get_weights()} == {(6, 1), (4, 6), (6,)}


def test_a_discriminator_that_is_no_layer_is_refused():
    with pytest.raises(ValueError, match="`discriminator` must be a Keras layer or model, or None"):
        AdversarialFeature(discriminator="mlp")


@pytest.mark.parametrize(
    "shapes",
    [
        ((None, 4, 4, 3), (None, 8)),
        ((None, 7, 3), (None, 5, 3)),
        ((None, None, None, 3), (None, 4, 4, 3)),
    ],
)
def test_features_that_do_not_fit_are_refused(shapes):
    with pytest.raises(ValueError, match="must be two vectors or two maps.*Name two pooled layers"):
        AdversarialFeature().ensure_built(*shapes)
