"""Scalings of a data set's own size and colour."""

import dataclasses

import numpy as np
import pytest

from teaching import inputs
from tf_lpdistill import Distiller, Preprocessing, TeacherCache, data
from tf_lpdistill.losses import SoftTarget


def test_the_training_images_are_standardized_channel_by_channel(digits):
    tinted = np.concatenate([digits.train.images, 255 - digits.train.images // 2], axis=-1)
    tinted = np.concatenate([tinted, tinted[..., :1]], axis=-1)
    split = data.Split(tinted, digits.train.labels)
    loaded = data.ImageData("tinted", split, None, None, digits.class_names)
    pixels = inputs.standardized(loaded)
    assert pixels.input_shape == (8, 8, 3)
    x = np.asarray(pixels(split.images))
    np.testing.assert_allclose(x.mean(axis=(0, 1, 2)), 0.0, atol=1e-3)
    np.testing.assert_allclose(x.std(axis=(0, 1, 2)), 1.0, atol=1e-3)


def test_a_channel_of_one_value_is_not_divided_by_nothing(digits):
    flat = data.Split(np.full_like(digits.train.images, 7), digits.train.labels)
    black = dataclasses.replace(digits, train=flat)
    np.testing.assert_array_equal(inputs.standardized(black)(flat.images[:2]), 0.0)


def test_grey_images_stay_grey(digits):
    assert inputs.scaled(digits) == Preprocessing((8, 8), "grayscale", "0..1")


@pytest.fixture
def few(trainer):
    return trainer.data.train.subset(100)


def first(trainer, model, split):
    return inputs.training_batches(trainer, model, split, seed=3).as_numpy_iterator().next()


def test_a_student_sees_the_same_batch_alone_and_beside_a_cached_teacher(
    trainer, pair, few, tmp_path
):
    once = data.evaluation_batches(few, trainer.preprocessing, 50, sample_ids=True)
    cache = TeacherCache.build(pair[0], once, tmp_path / "cache")
    images, labels = first(trainer, pair[1], few)
    x, y = first(trainer, Distiller(cache, pair[1], SoftTarget()), few)
    np.testing.assert_array_equal(few.labels[x["sample_id"]], labels)
    np.testing.assert_array_equal(x["inputs"], images)
    np.testing.assert_array_equal(y, labels)
    assert "teacher" in x


def test_augmented_images_are_scaled_once(trainer, pair, few):
    flipping = dataclasses.replace(trainer, augmentation=data.Augmentation(["flip"]))
    plain, flipped = (first(one, pair[1], few)[0] for one in (trainer, flipping))
    assert not np.array_equal(flipped, plain) and plain.max() == 1.0
    np.testing.assert_allclose(*(np.sort(x.reshape(50, -1)) for x in (flipped, plain)), atol=1e-6)
