import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.preprocessing import IMAGENET, SCALINGS, Preprocessing, of_model


def pixels(channels, size=(4, 6), dtype=np.uint8):
    shape = (2, *size, channels)
    return np.random.default_rng(0).integers(0, 256, shape).astype(dtype)


@pytest.mark.parametrize(
    ("scaling", "black", "white"), [("0..255", 0, 255), ("0..1", 0, 1), ("-1..1", -1, 1)]
)
def test_ranges(scaling, black, white):
    process = Preprocessing((1, 1), scaling=scaling)
    images = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1)
    np.testing.assert_allclose(process(images)[:, 0, 0, 0], [black, white], atol=1e-6)


def test_mean_std_per_channel():
    process = Preprocessing((4, 6), scaling="mean_std", mean=(1.0, 2.0, 3.0), std=(4, 5, 6))
    images = pixels(3)
    expected = (images - np.array([1.0, 2.0, 3.0])) / np.array([4.0, 5.0, 6.0])
    np.testing.assert_allclose(process(images), expected, rtol=1e-6, atol=1e-6)


def test_mean_std_takes_one_number_numpy_too():
    one = Preprocessing((4, 6), scaling="mean_std", mean=np.float32(10), std=2)
    assert (one.mean, one.std) == ((10.0,), (2.0,))
    np.testing.assert_allclose(one(pixels(3)), (pixels(3) - 10.0) / 2.0, rtol=1e-6)


def test_grey_is_the_luma_of_colour():
    process = Preprocessing((4, 6), "grayscale")
    images = pixels(3)
    expected = images @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(process(images)[..., 0], expected, rtol=1e-5)


def test_grey_repeated_over_the_channels_comes_back():
    process = Preprocessing((4, 6), "grayscale", "0..1")
    grey = pixels(1)
    np.testing.assert_allclose(process(np.repeat(grey, 3, -1)), process(grey), atol=1e-6)


def test_grey_pixels_for_a_colour_model_are_repeated():
    result = Preprocessing((4, 6), "rgb")(pixels(1))
    assert result.shape == (2, 4, 6, 3)
    np.testing.assert_array_equal(result, np.repeat(pixels(1), 3, -1))


def test_resizing_equals_tensorflow_antialiased():
    images = pixels(3, size=(12, 9))
    expected = tf.image.resize(images, (4, 3), antialias=True)
    np.testing.assert_allclose(Preprocessing((4, 3))(images), expected, rtol=1e-5, atol=1e-4)


def test_the_result_is_float32_whatever_comes():
    for dtype in (np.uint8, np.float16, np.float64, np.int64):
        assert Preprocessing((4, 6))(pixels(3, dtype=dtype)).dtype == "float32"


def test_works_in_a_dataset_of_unknown_sizes():
    process = Preprocessing((4, 3), "grayscale", "0..1")
    dataset = tf.data.Dataset.from_generator(
        lambda: iter([pixels(3, (5, 7)), pixels(3, (8, 4))]),
        output_signature=tf.TensorSpec((None, None, None, 3), tf.uint8),
    ).map(process)
    found = list(dataset)
    assert [tuple(batch.shape) for batch in found] == [(2, 4, 3, 1)] * 2
    np.testing.assert_allclose(found[1], process(pixels(3, (8, 4))), rtol=1e-5, atol=1e-6)


def test_works_as_part_of_a_keras_graph():
    process = Preprocessing((4, 6), "grayscale", "-1..1")
    inputs = keras.Input((4, 6, 3))
    model = keras.Model(inputs, process(inputs))
    np.testing.assert_allclose(model(pixels(3)), process(pixels(3)), atol=1e-6)


@pytest.mark.parametrize("color", ["rgb", "grayscale"])
@pytest.mark.parametrize(
    "scaling", [{"scaling": "-1..1"}, {"scaling": "mean_std", "mean": 33.0, "std": 7.5}]
)
def test_affine_is_the_same_map(color, scaling):
    process = Preprocessing((4, 6), color, **scaling)
    kernel, bias = process.affine()
    assert kernel.shape == (3, process.channels) and bias.shape == (process.channels,)
    assert kernel.dtype == bias.dtype == np.float32
    images = pixels(3)
    np.testing.assert_allclose(images @ kernel + bias, process(images), rtol=1e-5, atol=1e-5)


def test_affine_keeps_the_order_of_the_channels():
    process = Preprocessing((4, 6), scaling="mean_std", mean=(1, 2, 3), std=(4, 5, 6))
    kernel, bias = process.affine()
    np.testing.assert_allclose(pixels(3) @ kernel + bias, process(pixels(3)), rtol=1e-5, atol=1e-5)


def test_to_dict_and_back():
    process = Preprocessing((4, 6), scaling="mean_std", mean=(1, 2, 3), std=4)
    assert Preprocessing(**process.to_dict()) == process
    assert process.to_dict()["image_size"] == [4, 6]
    assert hash(process) == hash(Preprocessing(**process.to_dict()))


@pytest.mark.parametrize("size", [(8,), (8, 0), (8.5, 8), None, (8, 8, 3)])
def test_wrong_sizes_are_refused(size):
    with pytest.raises(ValueError, match="`image_size` must be .height, width."):
        Preprocessing(size)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"color": "bgr"}, "`color` must be one of"),
        ({"scaling": "0-1"}, "`scaling` must be one of"),
        ({"scaling": "0..1", "mean": 3.0}, "go with scaling='mean_std' only"),
        ({"scaling": "mean_std", "mean": 3.0}, "needs `std`"),
        ({"scaling": "mean_std", "mean": (1, 2), "std": 1}, "`mean` must be one finite number"),
        ({"scaling": "mean_std", "mean": 1, "std": float("nan")}, "`std` must be one finite"),
        ({"scaling": "mean_std", "mean": "a", "std": 1}, "`mean` must be one finite number"),
        ({"scaling": "mean_std", "mean": 1, "std": (1, 0, 1)}, "`std` must be positive"),
    ],
)
def test_wrong_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Preprocessing((8, 8), **options)


@pytest.mark.parametrize("images", [np.zeros((8, 8, 3)), np.zeros((1, 8, 8, 4)), [[1, 2]]])
def test_wrong_images_are_refused(images):
    with pytest.raises(ValueError, match="`images` must be an array of shape"):
        Preprocessing((8, 8))(images)


def test_the_usual_scalings():
    given = Preprocessing((4, 6), scaling="mean_std", mean=1.0, std=2.0)
    assert given.usual() == [
        Preprocessing((4, 6)),
        Preprocessing((4, 6), scaling="0..1"),
        Preprocessing((4, 6), scaling="-1..1"),
        Preprocessing((4, 6), **IMAGENET),
    ]
    grey = Preprocessing((4, 6), "grayscale", "0..1").usual()
    assert tuple(each.scaling for each in grey) == SCALINGS


def test_of_model_reads_size_and_colour():
    grey = keras.Sequential([keras.Input((7, 5, 1)), keras.layers.Flatten()])
    assert of_model(grey, scaling="0..1") == Preprocessing((7, 5), "grayscale", "0..1")
    colour = keras.Sequential([keras.Input((7, 5, 3)), keras.layers.Flatten()])
    assert of_model(colour) == Preprocessing((7, 5))


@pytest.mark.parametrize("shape", [(None, None, 3), (7, 5, 4), (7,)])
def test_of_model_refuses_inputs_that_are_no_image(shape):
    inputs = keras.Input(shape)
    with pytest.raises(ValueError, match="must have one image input"):
        of_model(keras.Model(inputs, keras.layers.Activation("relu")(inputs)))
