"""Views of real digits: what each step keeps, and that a seed makes the same ones."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import Preprocessing, data
from tf_lpdistill.data import AUGMENTATIONS, Augmentation

PIXELS = Preprocessing((8, 8), scaling="-1..1")


@pytest.fixture
def batches(digits):
    """Two batches of the digits in colour, pixels 0..255."""
    rgb = np.repeat(digits.train.images[:64], 3, axis=-1)
    split = data.Split(rgb, digits.train.labels[:64])
    return data.evaluation_batches(split, Preprocessing((8, 8)), 32)


def views(batches, *steps, seed=0):
    made = list(Augmentation(steps)(batches, PIXELS, 10, seed))
    return [np.concatenate([np.asarray(batch[i]) for batch in made]) for i in (0, 1)]


def test_without_steps_the_pixels_are_scaled_only(batches):
    x, y = views(batches)
    expected = np.concatenate([PIXELS(images) for images, _ in batches])
    np.testing.assert_allclose(x, expected, atol=1e-6)
    np.testing.assert_array_equal(y, np.concatenate([labels for _, labels in batches]))


def test_a_flip_is_the_image_or_its_mirror(batches):
    plain, _ = views(batches)
    x, _ = views(batches, "flip")
    mirrored = [np.allclose(a, b[:, ::-1], atol=1e-5) for a, b in zip(x, plain, strict=True)]
    kept = [np.allclose(a, b, atol=1e-5) for a, b in zip(x, plain, strict=True)]
    assert all(np.logical_or(mirrored, kept)) and any(mirrored) and any(kept)


def test_a_crop_moves_each_image_by_whole_pixels_over_black():
    images = 1.0 + 200.0 * np.random.default_rng(0).random((64, 32, 32, 3), np.float32)
    labels = np.zeros(64, np.int32)
    batches = tf.data.Dataset.from_tensors((images, labels))
    ((x, _),) = Augmentation(["crop"])(batches, Preprocessing((32, 32)), 10, 0)
    padded = np.pad(images, ((0, 0), (4, 4), (4, 4), (0, 0)))
    moves = [(row, column) for row in range(9) for column in range(9)]
    found = [
        [m for m in moves if np.allclose(view, whole[m[0] : m[0] + 32, m[1] : m[1] + 32])]
        for view, whole in zip(np.asarray(x), padded, strict=True)
    ]
    assert all(len(places) == 1 for places in found)
    assert {places[0][axis] for places in found for axis in (0, 1)} == set(range(9))


def test_the_ids_of_images_stay_with_them(digits):
    rgb = np.repeat(digits.train.images[:64], 3, axis=-1)
    split = data.Split(rgb, digits.train.labels[:64])
    once = data.evaluation_batches(split, Preprocessing((8, 8)), 32, sample_ids=True)
    made = list(Augmentation(["flip"])(once, PIXELS, 10, 0))
    ids = np.concatenate([x["sample_id"] for x, _ in made])
    np.testing.assert_array_equal(ids, np.arange(64))
    inputs = np.concatenate([x["inputs"] for x, _ in made])
    batches = data.evaluation_batches(split, Preprocessing((8, 8)), 32)
    np.testing.assert_array_equal(inputs, views(batches, "flip")[0])


@pytest.mark.parametrize(
    "step",
    [pytest.param(s, marks=pytest.mark.slow) if s == "rand_augment" else s for s in AUGMENTATIONS],
)
def test_a_seed_makes_the_same_views_within_the_range(batches, step):
    x, y = views(batches, step)
    again, other = views(batches, step)[0], views(batches, step, seed=1)[0]
    np.testing.assert_array_equal(x, again)
    assert np.abs(x - other).max() > 0.1
    assert x.shape == (64, 8, 8, 3) and x.dtype == np.float32
    assert x.min() >= -1 - 1e-5 and x.max() <= 1 + 1e-5
    assert y.shape == ((64, 10) if step in ("mixup", "cutmix") else (64,))


@pytest.mark.parametrize(("step", "tolerance"), [("mixup", 1e-3), ("cutmix", 2e-2)])
def test_labels_are_mixed_as_the_pixels_are(step, tolerance):
    """The images of class c are all of value 20 c: so is the mean of a mixture, by its shares.

    Keras takes the shares of CutMix before it rounds the patch to pixels.
    """
    labels, pixels = tf.range(10), Preprocessing((128, 128))
    values = 20.0 * tf.cast(labels, "float32")
    images = tf.broadcast_to(values[:, None, None, None], (10, 128, 128, 3))
    batches = tf.data.Dataset.from_tensors((images, labels)).repeat(10)
    mixed = 0
    for x, y in Augmentation([step])(batches, pixels, 10, 0):
        np.testing.assert_allclose(np.sum(y, axis=1), 1.0, atol=1e-5)
        expected = np.asarray(y) @ np.asarray(values)
        np.testing.assert_allclose(np.mean(x, axis=(1, 2, 3)), expected, atol=180 * tolerance)
        mixed += np.sum(np.max(y, axis=1) < 0.99)
    assert mixed > 25


def test_labels_as_shares(batches):
    x, y = next(iter(data.one_hot(batches, 10)))
    assert y.shape == (32, 10)
    np.testing.assert_array_equal(np.argmax(y, axis=1), next(iter(batches))[1])


@pytest.mark.parametrize("steps", [("flip", "blur"), ("flip", "flip")])
def test_unknown_and_doubled_steps_are_refused(steps):
    with pytest.raises(ValueError, match="some of flip, crop, zoom, rand_augment, mixup, cutmix"):
        Augmentation(steps)
