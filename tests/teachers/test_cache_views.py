"""Views: what the student is shown is what the teacher saw, to the last pixel."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import Distiller, TeacherCache, models
from tf_lpdistill.losses import SoftTarget
from tf_lpdistill.teachers.cache.views import Views


def shift(image, seed):
    """A random crop of the padded image, mirrored at random."""
    padded = tf.pad(image, [[1, 1], [1, 1], [0, 0]])
    return tf.image.stateless_random_flip_left_right(
        tf.image.stateless_random_crop(padded, tf.shape(image), seed), seed
    )


def agree(cache, teacher, attached, batches=4):
    """Compares the activations of each batch with the live teacher's on the very inputs."""
    shown = []
    for x, _ in attached.take(batches):
        live = teacher(x["inputs"], training=False)
        np.testing.assert_allclose(x["teacher"]["predictions"], live, rtol=2e-3, atol=2e-3)
        shown.append((x["sample_id"].numpy(), x["inputs"].numpy()))
    return shown


@pytest.fixture(scope="module")
def seeded(teacher, once, tmp_path_factory):
    """A cache of four draws of `shift`."""
    directory = tmp_path_factory.mktemp("views") / "c"
    return TeacherCache.build(teacher, once, directory, ["features"], 4, augment=shift, seed=7)


def test_both_flips(tmp_path, teacher, once, train):
    cache = TeacherCache.build(teacher, once, tmp_path / "c", views="flips")
    assert cache.num_views == 2 and cache.store.rows == 600
    shown = agree(cache, teacher, cache.attach(train))
    plain = [(x["sample_id"].numpy(), x["inputs"].numpy()) for x, _ in train.take(4)]
    kept, flipped = 0, 0
    for (ids, images), (plain_ids, plain_images) in zip(shown, plain, strict=True):
        np.testing.assert_array_equal(ids, plain_ids)
        same = (images == plain_images).all(axis=(1, 2, 3))
        mirrored = (images == plain_images[:, :, ::-1]).all(axis=(1, 2, 3))
        assert (same | mirrored).all()
        kept, flipped = kept + same.sum(), flipped + mirrored.sum()
    assert 70 < kept < 130 and 70 < flipped < 130


def test_seeded_views_are_made_again(seeded, teacher, train):
    assert repr(seeded).count("300 samples x 4 views") == 1
    shown = agree(seeded, teacher, seeded.attach(train))
    again = agree(seeded, teacher, TeacherCache.open(seeded.directory, shift).attach(train))
    for (ids, images), (other_ids, other_images) in zip(shown, again, strict=True):
        np.testing.assert_array_equal(ids, other_ids)
        np.testing.assert_array_equal(images, other_images)


def test_a_run_that_goes_on_sees_the_views_that_it_would_have_seen(seeded, train):
    whole = [x["inputs"].numpy() for x, _ in seeded.attach(train).take(6)]
    rest = [x["inputs"].numpy() for x, _ in seeded.attach(train.skip(4), initial_batch=4).take(2)]
    np.testing.assert_array_equal(whole[4:], rest)


def test_all_views_of_a_sample_come_up(seeded, once):
    attached = seeded.attach(once.take(1).repeat())
    views = {x["inputs"][3].numpy().tobytes() for x, _ in attached.take(40)}
    assert len(views) == 4


def test_another_augmentation_or_none_is_refused(seeded, cache, once, train):
    with pytest.raises(ValueError, match="holds augmented views, and `augment` is needed"):
        TeacherCache.open(seeded.directory).attach(train)
    with pytest.raises(ValueError, match="was built without `augment`"):
        TeacherCache.open(cache.directory, shift)
    other = TeacherCache.open(seeded.directory, lambda image, seed: shift(image, seed + 1))
    with pytest.raises(tf.errors.InvalidArgumentError, match="not those that the teacher saw"):
        next(iter(other.attach(train)))
    with pytest.raises(ValueError, match="must have no end.*5 batches.*repeat"):
        seeded.attach(once)


def crop(x, y):
    images = tf.image.random_crop(
        tf.pad(x["inputs"], [[0, 0], [1, 1], [1, 1], [0, 0]]), (50, 8, 8, 1)
    )
    return {**x, "inputs": images}, y


def test_a_fresh_random_crop_is_refused_before_and_behind_attach(cache, train):
    distiller = Distiller(cache, models.digits_student(), SoftTarget(), student_loss_weight=0.0)
    distiller.compile("sgd", loss=None)
    before = distiller.get_weights()
    settings = {"steps_per_epoch": 1, "verbose": 0, "shuffle": False}
    with pytest.raises(tf.errors.InvalidArgumentError, match="an augmentation that the cache"):
        distiller.fit(cache.attach(train.map(crop)), **settings)
    with pytest.raises(ValueError, match="an augmentation that the cache does not know"):
        distiller.fit(cache.attach(train).map(crop), **settings)
    for a, b in zip(before, distiller.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    distiller.fit(cache.attach(train), **settings)


def test_a_fresh_crop_of_one_image_in_a_later_batch_ends_the_data(cache, train):
    def change(number, element):
        x, y = element
        moved = tf.where(number == 2, tf.roll(x["inputs"], 1, axis=2), x["inputs"])
        return {**x, "inputs": tf.concat([moved[:1], x["inputs"][1:]], axis=0)}, y

    batches = iter(cache.attach(train.enumerate().map(change)))
    next(batches), next(batches)
    with pytest.raises(tf.errors.InvalidArgumentError, match="the inputs of 1 of 50 samples"):
        next(batches)


def test_unknown_samples_and_unsuitable_data_sets(cache, split, once, train):
    def renumber(x, y):
        return {**x, "sample_id": x["sample_id"] + 290}, y

    with pytest.raises(tf.errors.InvalidArgumentError, match="samples 0 to 299. Received: sample_"):
        next(iter(cache.attach(once.map(renumber))))
    with pytest.raises(ValueError, match="must be a tf.data.Dataset. Received: ndarray"):
        cache.attach(split.images)
    with pytest.raises(
        ValueError, match="`initial_batch` must be >= 0. Received: initial_batch=-1"
    ):
        cache.attach(train, initial_batch=-1)
    with pytest.raises(ValueError, match=r"must be batched.*\.batch\(\) before attach"):
        cache.attach(once.unbatch())
    with pytest.raises(ValueError, match="samples with their ids.*Received: x of"):
        cache.attach(cache.attach(train))
    resized = once.map(lambda x, y: ({**x, "inputs": tf.image.resize(x["inputs"], (9, 9))}, y))
    with pytest.raises(ValueError, match=r"inputs of other shapes.*Received: \[\[\[9, 9, 1\]"):
        cache.attach(resized)


def test_views_do_not_depend_on_the_batch():
    images = tf.random.stateless_uniform((6, 8, 8, 1), (0, 1))
    ids, view = tf.range(6, dtype=tf.int64), tf.constant([0, 1, 2, 0, 1, 2], tf.int64)
    views = Views(3, shift, seed=5)
    whole = views.make(images, ids, view)
    for i in range(6):
        part = views.make(images[i : i + 1], ids[i : i + 1], view[i : i + 1])
        np.testing.assert_array_equal(whole[i : i + 1], part)
    assert not np.array_equal(whole, Views(3, shift, seed=6).make(images, ids, view))


def test_inputs_of_several_parts_have_views_too(tmp_path):
    inputs = {
        "image": keras.Input((4, 4, 1), name="image"),
        "scale": keras.Input((1,), name="scale"),
    }
    x = keras.layers.Flatten()(inputs["image"]) * inputs["scale"]
    teacher = keras.Model(inputs, keras.layers.Dense(3)(x))

    def augment(sample, seed):
        return {**sample, "image": shift(sample["image"], seed)}

    parts = {"image": tf.random.stateless_uniform((20, 4, 4, 1), (0, 1)), "scale": tf.ones((20, 1))}
    x = {"inputs": parts, "sample_id": tf.range(20, dtype=tf.int64)}
    once = tf.data.Dataset.from_tensor_slices((x,)).batch(8)
    cache = TeacherCache.build(teacher, once, tmp_path / "c", views=2, augment=augment)
    (x,) = next(iter(cache.attach(once.repeat())))
    live = teacher(x["inputs"], training=False)
    np.testing.assert_allclose(x["teacher"]["predictions"], live, rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"views": 0}, "`views` must be 1, 'flips', or a number of draws"),
        ({"views": "flip"}, "`views` must be 1, 'flips', or a number of draws"),
        ({"views": "flips", "augment": shift}, "goes with a number of views"),
        ({"augment": "shift"}, r"must be a function augment\(inputs, seed\)"),
        ({"seed": -1}, "`seed` must be an integer from 0"),
        ({"views": 3}, "Several views need `augment`"),
    ],
)
def test_arguments_are_checked(tmp_path, teacher, once, settings, message):
    with pytest.raises(ValueError, match=message):
        TeacherCache.build(teacher, once, tmp_path / "c", **settings)


def test_flips_want_images():
    with pytest.raises(ValueError, match="views='flips' needs images"):
        Views("flips").make(tf.ones((2, 3)), tf.range(2), tf.range(2))
