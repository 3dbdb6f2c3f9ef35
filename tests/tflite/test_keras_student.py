import keras
import numpy as np
import pytest

from tf_lpdistill import tflite
from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.tflite import keras_student

COLOUR = Preprocessing((8, 8))


def model(*layers, shape=(8, 8, 3)):
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), *layers])


def test_a_good_student_passes():
    keras_student.check_student(model(keras.layers.Dense(3)), COLOUR)


def test_open_sides_take_any_size():
    inputs = keras.Input((None, None, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(inputs)
    keras_student.check_student(keras.Model(inputs, keras.layers.Dense(2)(pooled)), COLOUR)


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match="`student` must be a keras.Model. Received: str"):
        keras_student.check_student("student.keras", COLOUR)


def test_preprocessing_cannot_be_left_out():
    with pytest.raises(TypeError, match="the scaling cannot be guessed. Received: NoneType"):
        keras_student.check_student(model(keras.layers.Dense(3)), None)


def test_unbuilt_student_is_refused():
    with pytest.raises(ValueError, match="no weights yet. Received: unbuilt model"):
        keras_student.check_student(keras.Sequential([keras.layers.Dense(3)]), COLOUR)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused_by_name(value):
    bad = model(keras.layers.Dense(3, name="head"))
    kernel, bias = bad.get_weights()
    kernel[1, 1] = value
    bad.set_weights([kernel, bias])
    with pytest.raises(ValueError, match="weights must be finite.*'.*head/kernel'"):
        keras_student.check_student(bad, COLOUR)


@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 8, 3), (8, 8, 3, 1)])
def test_another_input_than_the_preprocessing_makes_is_refused(shape):
    with pytest.raises(ValueError, match=r"\(batch, 8, 8, 3\).*Received: inputs of shape"):
        keras_student.check_student(model(keras.layers.Dense(3), shape=shape), COLOUR)


def test_two_inputs_are_refused():
    a, b = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    both = keras.layers.Dense(3)(keras.layers.Flatten()(keras.layers.Add()([a, b])))
    with pytest.raises(ValueError, match="one batch of images"):
        keras_student.check_student(keras.Model([a, b], both), COLOUR)


def dict_student():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Flatten()(inputs)
    return keras.Model(inputs, {"logits": keras.layers.Dense(3)(x), "features": x})


def two_outputs():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Flatten()(inputs)
    return keras.Model(inputs, [keras.layers.Dense(3)(x), x])


@pytest.mark.parametrize(
    ("make", "received"),
    [
        (dict_student, "a dict with keys"),
        (two_outputs, "2 outputs"),
        (lambda: model(keras.layers.Dense(1, activation="sigmoid")), r"shape=\(1, 1\)"),
        (lambda: model(keras.layers.Reshape((8, 24))), r"shape=\(1, 8, 24\)"),
    ],
)
def test_other_outputs_are_refused_with_the_way_out(make, received):
    with pytest.raises(ValueError, match=f"one tensor .batch, classes.*{received}.*keras.Model"):
        keras_student.reference(make(), COLOUR, channels=3)


def test_reference_takes_grey_and_colour_images():
    grey = Preprocessing((8, 8), "grayscale", "0..1")
    classifier = model(keras.layers.Dense(3), shape=(8, 8, 1))
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 1)).astype(np.uint8)
    one = keras_student.reference(classifier, grey, channels=1)(image)
    three = keras_student.reference(classifier, grey, channels=3)(np.repeat(image, 3, -1))
    expected = classifier.predict(grey(image[None]), verbose=0)[0]
    np.testing.assert_allclose(one, expected, atol=1e-5)
    np.testing.assert_allclose(three, expected, atol=1e-5)


def test_infinite_outputs_are_refused():
    with pytest.raises(ValueError, match="outputs must be finite"):
        keras_student.check_finite(np.array([[np.inf, 0.0, 1.0]]))


def test_nan_outputs_stop_an_export(tmp_path):
    lost = keras.Sequential(
        [keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Rescaling(1e38),
         keras.layers.Dense(3)]
    )  # fmt: skip
    with pytest.raises(ValueError, match="outputs must be finite"):
        tflite.export_bundle(
            lost, tmp_path / "p", labels=list("abc"), preprocessing=Preprocessing((4, 4)),
            precisions=["float32"],
        )  # fmt: skip
    assert not any(tmp_path.iterdir())


def test_policies_come_back_after_an_error():
    keras.config.set_dtype_policy("mixed_float16")
    mixed = model(keras.layers.Dense(3))
    with pytest.raises(KeyError), keras_student.float32_compute(mixed):
        assert {layer.compute_dtype for layer in mixed.layers} == {"float32"}
        raise KeyError
    assert {layer.compute_dtype for layer in mixed.layers} == {"float16"}


# Keras 3.15's own quantizer trips over NumPy 2's `copy` argument.
@pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
)
def test_a_student_quantized_by_keras_is_refused():
    quantized = model(keras.layers.Dense(3))
    quantized.layers[-1].quantize("int8")
    with pytest.raises(ValueError, match="quantized by Keras.*Export the float model"):
        keras_student.reference(quantized, COLOUR, channels=3)
