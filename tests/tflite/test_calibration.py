import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.tflite import calibration


def images(count, low=10, high=240):
    return np.random.default_rng(0).integers(low, high, (count, 4, 4, 3)).astype(np.uint8)


def test_an_array_is_sampled_evenly():
    x = np.repeat(np.arange(1000) % 250, 48).reshape(1000, 4, 4, 3).astype(np.uint8)
    x = np.sort(x, axis=0)  # sorted by class, as arrays often are
    found = calibration.representative_images(x, (4, 4))
    assert len(found) == 200
    assert found.min() == 0 and found.max() == 249


def test_labels_beside_the_images_are_left_out():
    found = calibration.representative_images((images(300), np.arange(300)), (4, 4))
    assert found.shape == (200, 4, 4, 3)
    few = calibration.representative_images((images(3), np.arange(3)), (4, 4))
    np.testing.assert_array_equal(few, images(3))


def test_the_first_images_of_a_dataset_are_taken():
    dataset = tf.data.Dataset.from_tensor_slices(images(300)).batch(32).repeat()
    found = calibration.representative_images(dataset, (4, 4))
    np.testing.assert_array_equal(found, images(300)[:200])


def test_grey_images_become_rgb():
    found = calibration.representative_images(images(3)[..., :1], (4, 4))
    assert found.shape == (3, 4, 4, 3)


@pytest.mark.parametrize("data", [images(0), tf.data.Dataset.from_tensor_slices(images(0))])
def test_no_images_are_refused(data):
    with pytest.raises(ValueError, match="at least one image.*Received: no images"):
        calibration.representative_images(data, (4, 4))


def test_the_range_is_always_0_to_255():
    x = images(5)
    (inputs,) = calibration.calibration_inputs(x, batch_size=5)
    assert inputs.dtype == np.float32
    assert (inputs.min(), inputs.max()) == (0.0, 255.0)
    assert np.count_nonzero((inputs != x).any(-1)) == 2, "two pixels of one image"
    assert x.min() >= 10, "the caller's images stay as they are"
