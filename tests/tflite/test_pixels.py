import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.tflite import pixels


def images(count=5, size=(4, 4), channels=3, dtype=np.uint8):
    shape = (count, *size, channels)
    return np.random.default_rng(0).integers(0, 256, shape).astype(dtype)


def collect(data, size=(4, 4)):
    parts = list(pixels.batches(data, size, "dataset"))
    labels = [part[1] for part in parts]
    return np.concatenate([part[0] for part in parts]), labels


def test_arrays_and_datasets_give_the_same():
    x, y = images(), np.arange(5)
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(2)
    for data in ((x, y), dataset):
        found, labels = collect(data)
        np.testing.assert_array_equal(found, x)
        np.testing.assert_array_equal(np.concatenate(labels), y)


def test_images_without_labels():
    for data in (images(), tf.data.Dataset.from_tensor_slices(images()).batch(2)):
        found, labels = collect(data)
        np.testing.assert_array_equal(found, images())
        assert set(labels) == {None}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_other_numbers_become_whole_pixels(dtype):
    found, _ = collect(images(dtype=dtype))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, images())


def test_fractions_are_rounded_not_cut():
    found, _ = collect(np.full((1, 4, 4, 3), 99.7, np.float32))
    assert (found == 100).all()


def test_other_sizes_are_resized_with_antialiasing():
    found, _ = collect(images(size=(12, 8)))
    expected = tf.image.resize(images(size=(12, 8)), (4, 4), antialias=True)
    assert np.abs(found - expected.numpy()).max() <= 0.5 + 1e-3


def test_to_rgb():
    grey = images(channels=1)
    assert pixels.to_rgb(grey).shape == (5, 4, 4, 3)
    assert (pixels.to_rgb(grey) == grey).all()
    assert pixels.to_rgb(images()) is not None and (pixels.to_rgb(images()) == images()).all()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (images() / 255.0, "raw pixels 0..255, before any scaling.*Received: values from 0"),
        (images().astype("float32") - 128.0, "raw pixels 0..255.*values from -128"),
        (images().astype("float32") * 2, "raw pixels 0..255.* to 5"),
        (np.full((2, 4, 4, 3), np.nan), "must be finite"),
        (images()[0], r"Received: shape=\(4, 4, 3\). Batch the dataset"),
        (images(channels=3)[..., :2], r"1 or 3.*Received: shape=\(5, 4, 4, 2\)"),
        (images() > 100, "numbers 0..255. Received: dtype=bool"),
    ],
)
def test_what_is_not_raw_pixels_is_refused(data, message):
    with pytest.raises(ValueError, match="`dataset`.*" + message):
        collect(data)


def test_an_unbatched_dataset_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match="dataset.batch"):
        collect(tf.data.Dataset.from_tensor_slices(images()))


def test_a_dataset_of_dicts_is_refused():
    with pytest.raises(ValueError, match="Received: dict"):
        collect(tf.data.Dataset.from_tensor_slices({"image": images()}).batch(2))


@pytest.mark.parametrize("data", ["images/", None, (), [[1]]])
def test_other_types_are_refused(data):
    with pytest.raises(TypeError, match="`dataset` must be a batched tf.data.Dataset"):
        collect(data)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="5 images and 4 labels"):
        collect((images(), np.arange(4)))


def test_a_black_batch_further_on_is_no_fault():
    x = np.concatenate([images(300), np.zeros_like(images(300))])
    assert len(collect(x)[0]) == 600
