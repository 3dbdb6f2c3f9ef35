"""Activations of a teacher that Keras does not know."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import Distiller, TeacherCache, data
from tf_lpdistill.losses import LocalityPreserving, SoftTarget


@pytest.fixture
def arrays():
    """Logits and maps of 2,500 samples: more than two blocks."""
    rng = np.random.default_rng(0)
    shapes = {"logits": (2500, 10), "maps": (2500, 4, 4, 3)}
    return {name: rng.normal(size=shape).astype("float32") for name, shape in shapes.items()}


def dataset(samples, batch_size=20):
    x = np.random.default_rng(1).normal(size=(samples, 6)).astype("float32")
    y = np.arange(samples) % 10
    numbered = data.with_sample_ids(tf.data.Dataset.from_tensor_slices((x, y)))
    return numbered.shuffle(samples, seed=0).batch(batch_size)


def test_round_trip(tmp_path, arrays):
    made = TeacherCache.from_arrays(tmp_path / "cache", arrays)
    assert made.layer_names == ("logits", "maps") and made.num_samples == 2500
    opened = TeacherCache.open(tmp_path / "cache")
    for x, _ in opened.attach(dataset(2500, batch_size=500)):
        for name, array in arrays.items():
            expected = array[x["sample_id"]].astype("float16").astype("float32")
            np.testing.assert_array_equal(x["teacher"][f"features.{name}"], expected)


def test_memory_maps_and_float32(tmp_path, arrays):
    np.save(tmp_path / "logits.npy", 1e6 * arrays["logits"])
    mapped = {"logits": np.load(tmp_path / "logits.npy", mmap_mode="r")}
    with pytest.raises(ValueError, match=r"'logits'.*too large for float16.*dtype='float32'"):
        TeacherCache.from_arrays(tmp_path / "cache", mapped)
    cache = TeacherCache.from_arrays(tmp_path / "cache", mapped, dtype="float32")
    np.testing.assert_array_equal(
        cache.store.arrays["features.logits"], mapped["logits"].astype("float32")
    )


def student():
    inputs = keras.Input((6,))
    features = keras.layers.Dense(5, name="hidden")(inputs)
    return keras.Model(inputs, keras.layers.Dense(10)(features))


def test_a_student_learns_from_them(tmp_path, arrays):
    cache = TeacherCache.from_arrays(tmp_path / "cache", arrays)
    losses = [SoftTarget(), SoftTarget("logits"), LocalityPreserving("maps", "hidden")]
    distiller = Distiller(cache, student(), losses, student_loss_weight=0.0)
    distiller.compile("adam", loss=None)
    attached = cache.attach(dataset(2500, batch_size=500))
    history = distiller.fit(attached, epochs=2, verbose=0, shuffle=False).history
    assert history["soft_target"] == history["soft_target_1"]
    assert history["loss"][1] < history["loss"][0]


def test_which_array_is_the_prediction(tmp_path, arrays):
    named = {"scores": arrays["logits"], "maps": arrays["maps"]}
    with pytest.raises(
        ValueError, match=r"`predictions` must name.*'logits'.*\['scores', 'maps'\]"
    ):
        TeacherCache.from_arrays(tmp_path / "cache", named)
    cache = TeacherCache.from_arrays(tmp_path / "a", named, predictions="scores")
    Distiller(cache, student(), SoftTarget())
    cache = TeacherCache.from_arrays(tmp_path / "b", named, predictions=None)
    Distiller(cache, student(), LocalityPreserving("maps", "hidden"))
    with pytest.raises(ValueError, match="is a dict with the keys.*'scores'.*Name one of them"):
        Distiller(cache, student(), SoftTarget())


def test_the_arrays_tell_caches_apart(tmp_path, arrays):
    def fingerprint(name, arrays):
        return TeacherCache.from_arrays(tmp_path / name, arrays).store.fingerprint()

    changed = arrays["maps"].copy()
    changed[7, 0, 0, 0] += 1.0
    assert fingerprint("a", arrays) == fingerprint("b", arrays)
    assert fingerprint("c", {**arrays, "maps": changed}) != fingerprint("d", arrays)


def test_what_an_earlier_call_left_is_not_mixed_in(tmp_path, arrays):
    broken = {"logits": arrays["logits"].astype("float64")}
    for value in (np.nan, 1e300):
        broken["logits"][2000, 3] = value
        with pytest.raises(ValueError, match="'logits': the teacher's values must be finite, in f"):
            TeacherCache.from_arrays(tmp_path / "cache", broken)
    cache = TeacherCache.from_arrays(tmp_path / "cache", {"logits": 2.0 * arrays["logits"]})
    np.testing.assert_allclose(
        cache.store.arrays["features.logits"], 2.0 * arrays["logits"], rtol=1e-3, atol=1e-6
    )
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_unsuitable_arrays_and_folders(tmp_path, arrays):
    unequal = {"logits": arrays["logits"], "maps": arrays["maps"][:-1]}
    for wrong in ({}, unequal, {"logits": np.ones(())}, {"logits": np.ones((0, 3))},
                  {"logits": np.ones((3, 0))},
                  {"logits": np.array(["cat", "dog"])}):  # fmt: skip
        with pytest.raises(ValueError, match="`arrays` must be {name: array of numbers"):
            TeacherCache.from_arrays(tmp_path / "cache", wrong)
    TeacherCache.from_arrays(tmp_path / "cache", arrays)
    with pytest.raises(FileExistsError, match="exists and is not empty"):
        TeacherCache.from_arrays(tmp_path / "cache", arrays)


def test_ids_behind_the_last_row_are_refused(tmp_path, arrays):
    cache = TeacherCache.from_arrays(tmp_path / "cache", {"logits": arrays["logits"][:10]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="holds the samples 0 to 9"):
        list(cache.attach(dataset(20)))
