"""A cache in the place of the teacher: the same updates, and nothing runs the teacher."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import Distiller, Preprocessing, TeacherCache, data, models
from tf_lpdistill.losses import Hint, LocalityPreserving, SoftTarget

CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def make(teacher, **settings):
    keras.utils.set_random_seed(3)
    losses = [
        SoftTarget(temperature=4.0),
        LocalityPreserving("features", "features", num_neighbors=3),
        Hint("features", "features", regressor="dense"),
    ]
    distiller = Distiller(teacher, models.digits_student(), losses, [1.0, 0.3, 0.1])
    distiller.compile(keras.optimizers.SGD(0.05), loss=CROSS_ENTROPY, **settings)
    return distiller


def fit(distiller, dataset, steps=6, **settings):
    settings = {"epochs": 1, "verbose": 0, "shuffle": False} | settings
    return distiller.fit(dataset, steps_per_epoch=steps, **settings).history


def largest_difference(one, other):
    return max(
        np.abs(a - b).max() for a, b in zip(one.get_weights(), other.get_weights(), strict=True)
    )


def test_the_cache_holds_what_the_teacher_gives(cache, teacher, once, train):
    assert (cache.num_samples, cache.num_views, cache.layer_names) == (300, 1, ("features",))
    x = np.concatenate([batch["inputs"] for batch, _ in once])
    np.testing.assert_allclose(
        cache.store.arrays["predictions"], teacher(x, training=False), rtol=1e-3, atol=1e-4
    )
    # Any reader of numpy files reads it.
    (path,) = cache.directory.glob("*_features.features.npy")
    stored = np.load(path, mmap_mode="r")
    assert stored.dtype == np.float16 and stored.shape == (300, 128)
    (batch, _), (attached, _) = next(iter(train)), next(iter(cache.attach(train)))
    np.testing.assert_array_equal(batch["inputs"], attached["inputs"])
    np.testing.assert_array_equal(
        attached["teacher"]["features.features"], stored[batch["sample_id"]].astype("float32")
    )


def test_it_trains_like_the_live_teacher(cache, teacher, train):
    live, cached = make(teacher), make(cache)
    assert cached.teacher is cache
    histories = [fit(live, train), fit(cached, cache.attach(train))]
    assert set(histories[0]) == set(histories[1])
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-3, err_msg=name)
    moved = largest_difference(make(teacher).student, live.student)
    assert largest_difference(live, cached) < 2e-3 * moved


@pytest.mark.slow
def test_on_mnist_the_student_becomes_the_same(tmp_path, real_data_dir):
    split = data.load_npz(f"{real_data_dir}/mnist.npz").train.subset(2000)
    pixels = Preprocessing((8, 8), "grayscale", "0..1")
    train = data.training_batches(split, pixels, 100, seed=0, sample_ids=True)
    teacher = models.digits_teacher()
    teacher.compile("adam", CROSS_ENTROPY)
    plain = data.training_batches(split, pixels, 100, seed=0)
    teacher.fit(plain, steps_per_epoch=20, epochs=3, verbose=0, shuffle=False)
    once = data.evaluation_batches(split, pixels, 100, sample_ids=True)
    cache = TeacherCache.build(teacher, once, tmp_path / "cache", ["features"])
    live, cached = make(teacher), make(cache)
    start = make(teacher).student
    histories = [
        fit(live, train, steps=20, epochs=2),
        fit(cached, cache.attach(train), steps=20, epochs=2),
    ]
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-3)
    assert largest_difference(live, cached) < 2e-2 * largest_difference(start, live.student)


def test_nothing_runs_the_teacher(cache, train):
    # The cache knows no model at all: what `open` finds in its folder is enough to train on.
    opened = TeacherCache.open(cache.directory)
    keras.backend.clear_session()
    distiller = make(opened)
    fit(distiller, opened.attach(train))
    assert not any(isinstance(value, keras.Model) for value in vars(opened).values())


def test_mixed_precision(cache, teacher, train):
    keras.config.set_dtype_policy("mixed_float16")
    live, cached = make(teacher), make(cache)
    losses = [fit(live, train, 2)["loss"], fit(cached, cache.attach(train), 2)["loss"]]
    np.testing.assert_allclose(*losses, rtol=2e-2)


def test_two_replicas_make_the_update_of_one(cache, train, mirrored):
    results = []
    for strategy in (tf.distribute.get_strategy(), mirrored):
        keras.utils.set_random_seed(0)
        with strategy.scope():
            # Without BatchNorm, which sees half a batch on each replica.
            inputs = keras.Input((8, 8, 1))
            features = keras.layers.Dense(6, name="features")(keras.layers.Flatten()(inputs))
            student = keras.Model(inputs, keras.layers.Dense(10)(features))
            lp = LocalityPreserving("features", "features", num_neighbors=3)
            distiller = Distiller(cache, student, [SoftTarget(), lp])
            distiller.compile(keras.optimizers.SGD(0.1), loss=CROSS_ENTROPY)
        # An end: without one, two replicas take seconds to let go of the data.
        history = fit(distiller, cache.attach(train.take(3)), steps=3)
        results.append((history["loss"], student.get_weights()))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-4)
    for a, b in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_saved_and_loaded_with_the_cache_or_its_teacher(tmp_path, cache, teacher, train):
    path, attached = tmp_path / "distiller.keras", cache.attach(train)
    distiller = make(cache)
    fit(distiller, attached)
    distiller.save(path)
    assert path.stat().st_size < 150_000  # neither the teacher nor its activations are in it
    loaded = Distiller.load(path, teacher=TeacherCache.open(cache.directory))
    live = Distiller.load(path, teacher=teacher)
    assert fit(loaded, attached) == fit(distiller, attached)
    assert largest_difference(loaded, distiller) == 0.0
    fit(live, train)
    assert largest_difference(live, loaded) < 1e-3
    other = TeacherCache.from_arrays(
        tmp_path / "other", {"logits": np.ones((300, 10)), "features": np.ones((300, 128))}
    )
    with pytest.raises(ValueError, match="`teacher` is not the one that .* was trained with"):
        Distiller.load(path, teacher=other)


def test_data_without_activations_are_refused_before_the_first_step(cache, split, train):
    distiller = make(cache)
    before = distiller.get_weights()
    plain = data.training_batches(split, Preprocessing((8, 8), "grayscale", "0..1"), 50, seed=0)
    for dataset in (train, plain):
        with pytest.raises(ValueError, match=r"carries no activations.*cache\.attach\(dataset\)"):
            fit(distiller, dataset)
    for a, b in zip(before, distiller.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_layers_and_inputs_that_the_cache_lacks_are_refused(cache):
    with pytest.raises(ValueError, match=r"no feature 'relu5'.*\['features'\].*layer_names="):
        Distiller(cache, models.digits_student(), Hint("relu5", "features", regressor="dense"))
    inputs = keras.Input((9, 9, 1))
    student = keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Flatten()(inputs)))
    with pytest.raises(ValueError, match=r"inputs of other shapes.*\[8, 8, 1\].*\[9, 9, 1\]"):
        Distiller(cache, student, SoftTarget())


def test_evaluation_and_labels_do_without_the_cache(cache, train, split):
    pixels = Preprocessing((8, 8), "grayscale", "0..1")
    distiller = make(cache, metrics=["accuracy"])
    history = fit(
        distiller, cache.attach(train), validation_data=data.evaluation_batches(split, pixels, 64)
    )
    assert {"val_loss", "val_accuracy"} <= set(history)


def test_a_teacher_of_several_outputs(tmp_path, once, train):
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Flatten()(inputs)
    outputs = {"a": keras.layers.Dense(3, name="a")(x), "b": keras.layers.Dense(2, name="b")(x)}
    teacher = keras.Model(inputs, outputs)
    cache = TeacherCache.build(teacher, once, tmp_path / "cache", ["a"])
    assert sorted(cache.store.arrays) == [
        "features.a", "predictions.a", "predictions.b", "signature",
    ]  # fmt: skip
    student = keras.Model(inputs, keras.layers.Dense(3, name="a")(x))
    distiller = Distiller(cache, student, SoftTarget("a", "a"), student_loss_weight=0.0)
    distiller.compile("sgd", loss=None)
    assert fit(distiller, cache.attach(train), steps=2)["soft_target"][0] > 0.0
    with pytest.raises(ValueError, match="is a dict with the keys.*Name one of them"):
        Distiller(cache, student, SoftTarget())


def test_it_says_what_it_holds(cache):
    assert repr(cache).endswith("300 samples, features ['features'], 0.09 MB>")
    assert cache.nbytes == 300 * (2 * (10 + 128) + 4 * 5)
    lines = cache.describe().splitlines()
    assert [line.split()[0] for line in lines[1:]] == [
        "predictions", "features.features", "signature",
    ]  # fmt: skip
    assert "(300, 128)" in lines[2] and "float16" in lines[2]
