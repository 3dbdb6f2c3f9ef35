"""Layer pairs: geometry against slow references, order, table, and what cannot be ranked."""

import keras
import numpy as np
import pytest

from tests.guidance.wiring import batches, lp, wire
from tf_lpdistill import guidance, models
from tf_lpdistill.guidance.geometry import chance_purity, label_purity, linear_cka
from tf_lpdistill.guidance.layers import feature_layers, penultimate, reach
from tf_lpdistill.guidance.suggest_layers import suggest_layers


def test_label_purity_equals_the_loop():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(20, 2, 3)), rng.integers(0, 3, 20)
    flat = features.reshape(20, -1)
    for i, found in enumerate(label_purity(features.astype("float32"), labels, k=4)):
        order = np.argsort(np.sum((flat - flat[i]) ** 2, axis=1))[1:5]
        np.testing.assert_allclose(found, np.mean([labels[j] == labels[i] for j in order]))
    np.testing.assert_allclose(chance_purity([0, 0, 1, 2]), 0.25 + 2 / 16)


def test_linear_cka_equals_the_formula():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 4)) + 3.0, rng.normal(size=(30, 2, 3))
    x[:, 0] += y[:, 0, 0]
    cx, cy = (v.reshape(30, -1) - v.reshape(30, -1).mean(0) for v in (x, y))
    expected = np.linalg.norm(cy.T @ cx) ** 2
    expected /= np.linalg.norm(cx.T @ cx) * np.linalg.norm(cy.T @ cy)
    np.testing.assert_allclose(
        linear_cka(x.astype("float32"), y.astype("float32")), expected, rtol=1e-4
    )
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    np.testing.assert_allclose(
        linear_cka(x.astype("float32"), (7 * x @ rotation).astype("float32")), 1.0, rtol=1e-4
    )
    assert linear_cka(np.ones((5, 2), "float32"), np.eye(5, dtype="float32")) == 0.0


def test_layers_of_a_nested_model():
    inner = models.digits_student()
    outer = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Rescaling(1 / 255), inner])
    names = list(feature_layers(outer))
    assert "digits_student" not in names and names[1] == "digits_student/conv1"
    assert penultimate(outer) == "digits_student/features"
    assert penultimate(inner) == "features"
    assert 0 < reach(inner, "relu1") < reach(inner, "features") < reach(inner, "logits") == 1.0


@pytest.mark.parametrize("name", ["resnet8x4", "wrn_16_2", "vgg8", "shufflenet_v2"])
def test_the_layer_before_the_logits_of_known_networks(name):
    assert penultimate(models.get(name)()) == "features"


def test_the_ranking_of_a_trained_teacher(teacher, student, train):
    pairs = suggest_layers(teacher, student, train, num_samples=300)
    assert pairs.samples == 300 and abs(pairs.chance - 0.1) < 0.02
    assert pairs.names == ("features", "features")
    assert [pair.score for pair in pairs] == sorted((p.score for p in pairs), reverse=True) or (
        np.all(np.diff([round(pair.score, 3) for pair in pairs]) <= 0)
    )
    by_names = {(pair.teacher, pair.student): pair for pair in pairs}
    assert len(by_names) == len(pairs) == 9  # two sizes and the vector in each
    first, early = by_names["features", "features"], by_names["relu2", "relu1"]
    assert first.teacher_shape == (128,) and first.student_shape == (16,)
    assert first.purity > 0.97 > early.purity and first.reach > 0.9 > early.reach
    assert first.cost == 100 * (128 + 16)
    assert all(0 <= pair.cka <= 1 for pair in pairs)
    wire(teacher, student, [lp(*pairs.names)])


def test_the_layers_before_the_logits_unless_these_have_forgotten_the_classes(train, teacher):
    """A head behind the features forgets the classes: the layer before it does not."""
    forgets = keras.layers.Dense(2, name="narrow", kernel_initializer="zeros")
    spoilt = keras.Model(
        teacher.input, keras.layers.Dense(10)(forgets(teacher.get_layer("features").output))
    )
    pairs = suggest_layers(spoilt, models.digits_student(), train, num_samples=100)
    assert penultimate(spoilt) == "narrow" and pairs.names == ("relu5", "features")
    blurred = keras.Model(
        teacher.input,
        keras.layers.Dense(10)(
            keras.layers.Dense(1, name="blurred")(teacher.get_layer("features").output)
        ),
    )  # behind in the ranking, and yet far from chance: nothing says that it is worse
    pairs = suggest_layers(blurred, models.digits_student(), train, num_samples=100)
    usual = next(pair for pair in pairs if (pair.teacher, pair.student) == ("blurred", "features"))
    assert pairs[0].score > usual.score + 0.1 and usual.purity > 0.25
    assert pairs.names == ("blurred", "features")


def test_the_table(teacher, student, train):
    text = str(guidance.suggest_layers(teacher, student, train, num_samples=100))
    lines = text.splitlines()
    columns = ["teacher", "student", "shapes", "purity", "CKA", "reach", "cost", "score"]
    assert lines[0].split() == columns
    assert len(lines) == 1 + 9 + 2
    rows = [line.split() for line in lines[1:-2]]
    assert ["features", "features", "128", "16"] in [row[:4] for row in rows]
    scores = [float(row[-1]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert lines[-2].startswith("100 images; purity by chance 0.1")
    assert lines[-1] == 'Suggested: LocalityPreserving("features", "features")'


def test_large_maps_are_averaged():
    inputs = keras.Input((256, 256, 1))
    x = keras.layers.Conv2D(4, 3, padding="same", name="large")(inputs)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    model = keras.Model(inputs, keras.layers.Dense(2, name="logits")(x))
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(12, 256, 256, 1)).astype("float32"), np.arange(12) % 2
    pairs = suggest_layers(model, keras.models.clone_model(model), [(images, labels)])
    assert {pair.teacher_shape for pair in pairs} == {(256, 256, 4), (4,)}


def test_what_cannot_be_ranked(teacher, student, digits, train):
    with pytest.raises(ValueError, match="with classes or one-hot labels. Received: y=NoneType"):
        suggest_layers(teacher, student, train.map(lambda x, y: x))
    with pytest.raises(ValueError, match="more than 10 images.*Received: 8 images"):
        suggest_layers(teacher, student, batches(digits.train, batch_size=8).take(1))
    opaque = type("Opaque", (keras.Model,), {"call": lambda self, x, training=None: x})()
    with pytest.raises(ValueError, match="`teacher` must be a built Functional or Sequential"):
        suggest_layers(opaque, student, train)
