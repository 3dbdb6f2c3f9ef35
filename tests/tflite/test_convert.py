"""The exported function against Keras, for the kinds of students that people have."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import tflite
from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.tflite.runtime import Runner

COLOUR = Preprocessing((8, 8), "rgb", "-1..1")


def noise(channels, count=12):
    shape = (count, 8, 8, channels)
    return np.random.default_rng(5).integers(0, 256, shape).astype(np.uint8)


def softmax(logits):
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def run(path, images):
    runner = Runner(path)
    return np.stack([runner(image) for image in images])


def float_file(model, directory, preprocessing=COLOUR, classes=4):
    labels = [f"class {i}" for i in range(classes)]
    bundle = tflite.export_bundle(
        model, directory, labels=labels, preprocessing=preprocessing, precisions=["float32"]
    )
    return bundle, bundle.files["float32"]


def trunk():
    return [
        keras.layers.Conv2D(6, 3, padding="same", activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(4),
    ]


def test_float32_equals_keras_for_grey(grey, phone):
    found = run(phone.files["float32"], np.repeat(grey.test[:100], 3, -1))
    expected = softmax(grey.model.predict(grey.preprocessing(grey.test[:100]), verbose=0))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_float32_equals_keras_for_colour(colour, colour_phone):
    found = run(colour_phone.files["float32"], colour.test[:100])
    expected = colour.model.predict(colour.preprocessing(colour.test[:100]), verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    swapped = run(colour_phone.files["float32"], colour.test[:100, ..., ::-1])
    assert np.abs(swapped - expected).max() > 0.1, "red and blue must not be interchangeable"


def test_softmax_is_added_once_and_never_twice(phone, colour_phone):
    assert phone.softmax_added and not colour_phone.softmax_added
    for bundle in (phone, colour_phone):
        counts = {op["name"]: op["count"] for op in bundle.facts()["files"]["float32"]["ops"]}
        assert counts["SOFTMAX"] == 1


def test_colour_picture_of_a_grey_student(grey, phone):
    images = noise(3)
    expected = softmax(grey.model.predict(grey.preprocessing(images), verbose=0))
    np.testing.assert_allclose(run(phone.files["float32"], images), expected, atol=1e-5)


class Subclassed(keras.Model):
    """Keras knows nothing of its inside until it is called."""

    def __init__(self):
        super().__init__()
        self.blocks = trunk()

    def call(self, inputs, training=False):
        for layer in self.blocks:
            inputs = layer(inputs)
        return inputs


def nested():
    inputs = keras.Input((8, 8, 3))
    backbone = keras.Sequential(trunk()[:-1], name="backbone")
    return keras.Model(inputs, keras.layers.Dense(4)(backbone(inputs)))


def with_dropout():
    model = keras.Sequential([keras.Input((8, 8, 3)), *trunk()[:-1], keras.layers.Dropout(0.5)])
    model.add(keras.layers.Dense(4))
    model.compile("adam", "mse", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("make", [Subclassed, nested, with_dropout])
def test_kinds_of_students(make, tmp_path):
    model = make()
    images = noise(3)
    expected = softmax(keras.ops.convert_to_numpy(model(COLOUR(images), training=False)))
    bundle, path = float_file(model, tmp_path / "phone")
    assert bundle.softmax_added
    np.testing.assert_allclose(run(path, images), expected, atol=1e-5)


def test_subclassed_student_with_its_own_softmax(tmp_path):
    class Probable(Subclassed):
        def call(self, inputs, training=False):
            return keras.ops.softmax(super().call(inputs))

    model = Probable()
    model(np.zeros((1, 8, 8, 3), "float32"))
    bundle, path = float_file(model, tmp_path / "phone")
    assert not bundle.softmax_added, "only its numbers tell"
    expected = keras.ops.convert_to_numpy(model(COLOUR(noise(3))))
    np.testing.assert_allclose(run(path, noise(3)), expected, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_is_exported_in_float32(policy, tmp_path):
    twin = keras.Sequential([keras.Input((8, 8, 3)), *trunk()])
    keras.config.set_dtype_policy(policy)
    model = keras.Sequential([keras.Input((8, 8, 3)), *trunk()])
    model.set_weights(twin.get_weights())
    _, path = float_file(model, tmp_path / "phone")
    expected = softmax(twin.predict(COLOUR(noise(3)), verbose=0))
    np.testing.assert_allclose(run(path, noise(3)), expected, atol=1e-5)
    assert {layer.dtype_policy.name for layer in model.layers} == {policy}, "put back"


def test_student_made_under_a_strategy(mirrored, tmp_path):
    with mirrored.scope():
        model = keras.Sequential([keras.Input((8, 8, 3)), *trunk()])
    _, path = float_file(model, tmp_path / "phone")
    expected = softmax(keras.ops.convert_to_numpy(model(COLOUR(noise(3)), training=False)))
    np.testing.assert_allclose(run(path, noise(3)), expected, atol=1e-5)


def test_a_rescaling_inside_the_student_keeps_its_int8_levels(colour, export, tmp_path):
    """A chain of scalings once cost all but three levels, and int8 agreed on 38 %."""
    undone = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Rescaling(127.5, 127.5),
            keras.layers.Normalization(
                mean=colour.preprocessing.mean, variance=np.square(colour.preprocessing.std)
            ),
            colour.model,
        ]
    )
    bundle = tflite.export_bundle(
        undone,
        tmp_path / "phone",
        labels=[str(i) for i in range(10)],
        preprocessing=COLOUR,
        precisions=["int8"],
        representative_data=colour.train,
    )
    result = tflite.verify(bundle, undone, (colour.test[:200], colour.labels[:200]))
    assert result["int8"]["agreement"] >= 0.95


class Foreign(keras.layers.Layer):
    """Uses an operation that TensorFlow Lite has only through the Flex delegate."""

    def call(self, inputs):
        return inputs + tf.raw_ops.Erf(x=inputs)


def test_flex_operations_are_refused_by_name(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 3)), Foreign(), *trunk()])
    with pytest.raises(ValueError, match=r"built into TensorFlow Lite.*Received: Erf \(precision"):
        float_file(model, tmp_path / "phone")
    assert not (tmp_path / "phone").exists()


class Overflowing(keras.layers.Layer):
    """exp(255) is infinite in float32; the quantizer would end the process on it."""

    def call(self, inputs):
        return keras.ops.minimum(keras.ops.exp(inputs), 10.0)


def test_infinite_activations_are_refused_before_the_quantizer(tmp_path):
    model = keras.Sequential([keras.Input((8, 8, 3)), Overflowing(), *trunk()])
    with pytest.raises(ValueError, match="overflow on `representative_data`"):
        tflite.export_bundle(
            model,
            tmp_path / "phone",
            labels=list("abcd"),
            preprocessing=Preprocessing((8, 8)),
            precisions=["int8"],
            representative_data=noise(3),
        )
