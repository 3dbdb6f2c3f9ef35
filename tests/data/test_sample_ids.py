import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.data import with_sample_ids

X, Y, W = np.arange(12.0).reshape(6, 2), np.arange(6), np.ones(6)


@pytest.mark.parametrize("parts", [(X, Y), (X, Y, W), ({"a": X, "b": X}, Y)])
def test_ids_are_positions_and_stay_when_shuffled(parts):
    numbered = with_sample_ids(tf.data.Dataset.from_tensor_slices(parts))
    for element in numbered.shuffle(6).batch(3).repeat(2):
        x, *rest = element
        assert x["sample_id"].dtype == "int64"
        tf.nest.map_structure(
            lambda whole, part, ids=x["sample_id"]: np.testing.assert_array_equal(whole[ids], part),
            parts,
            (x["inputs"], *rest),
        )


def test_batched_then_unbatched_is_fine():
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(4).unbatch()
    ids = [x["sample_id"] for x, _ in with_sample_ids(dataset)]
    np.testing.assert_array_equal(ids, np.arange(6))


def test_shuffled_and_batched_are_refused():
    source = tf.data.Dataset.from_tensor_slices((X, Y))
    with pytest.raises(ValueError, match="shuffled already.*with_sample_ids"):
        with_sample_ids(source.shuffle(6).map(lambda x, y: (x, y)))
    for parallel in (None, 2):
        with pytest.raises(ValueError, match="batched already.*with_sample_ids"):
            with_sample_ids(source.batch(2, num_parallel_calls=parallel).prefetch(1))


def test_other_elements_are_refused():
    for parts in (X, {"x": X, "y": Y}, (X, Y, W, W)):
        with pytest.raises(ValueError, match=r"must give \(x, y\) or .* element_spec="):
            with_sample_ids(tf.data.Dataset.from_tensor_slices(parts))
