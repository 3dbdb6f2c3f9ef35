import keras
import numpy as np
import pytest

from tf_lpdistill.data import (
    Split,
    evaluation_batches,
    ordered_batches,
    raw_batches,
    steps_per_epoch,
    training_batches,
)
from tf_lpdistill.preprocessing import Preprocessing

FORM = Preprocessing((2, 2), "grayscale", "0..1")


def _split(n):
    """Image i is filled with i, its label is i."""
    images = np.broadcast_to(np.arange(n, dtype=np.uint8).reshape(-1, 1, 1, 1), (n, 2, 2, 1))
    return Split(images, np.arange(n))


def _labels(dataset, steps):
    return [y.numpy().tolist() for _, y in dataset.take(steps)]


def test_an_epoch_holds_every_image_once_and_each_epoch_another_order():
    steps = steps_per_epoch(_split(12), 4)
    batches = _labels(training_batches(_split(12), FORM, 4, seed=1), 3 * steps)
    epochs = [sum(batches[i : i + steps], []) for i in range(0, 3 * steps, steps)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(12))] * 3
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert epochs[0] != sorted(epochs[0])


def test_a_resumed_run_sees_the_batches_of_the_undisturbed_one():
    split, steps = _split(50), steps_per_epoch(_split(50), 8)
    whole = _labels(training_batches(split, FORM, 8, seed=3), 5 * steps)
    assert whole == _labels(training_batches(split, FORM, 8, seed=3), 5 * steps)
    resumed = training_batches(split, FORM, 8, seed=3, initial_epoch=3)
    assert whole[3 * steps :] == _labels(resumed, 2 * steps)
    assert whole != _labels(training_batches(split, FORM, 8, seed=4), 5 * steps)


def test_images_follow_their_labels_and_ids():
    batches = training_batches(_split(12), FORM, 4, seed=1, sample_ids=True)
    for x, y in batches.take(4):
        assert x["inputs"].dtype == "float32" and x["inputs"].shape == (4, 2, 2, 1)
        assert x["sample_id"].dtype == "int64" and y.dtype == "int32"
        np.testing.assert_array_equal(x["sample_id"], y)
        np.testing.assert_allclose(x["inputs"][:, 1, 1, 0] * 255.0, y, atol=1e-4)


def test_the_remainder():
    split = _split(10)
    assert (steps_per_epoch(split, 4), steps_per_epoch(split, 4, drop_remainder=False)) == (2, 3)
    batches = _labels(training_batches(split, FORM, 4, seed=0, drop_remainder=False), 6)
    assert [len(batch) for batch in batches] == [4, 4, 2, 4, 4, 2]
    assert sorted(sum(batches[:3], [])) == sorted(sum(batches[3:], [])) == list(range(10))
    assert [len(batch) for batch in _labels(training_batches(split, FORM, 4, seed=0), 4)] == [4] * 4


def test_one_image():
    assert _labels(training_batches(_split(1), FORM, 1, seed=0), 2) == [[0], [0]]


def test_evaluation_keeps_the_order():
    batches = list(evaluation_batches(_split(10), FORM, 4))
    assert [len(y) for _, y in batches] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), np.arange(10))
    raw = list(raw_batches(_split(10), 4))
    assert raw[0][0].dtype == "uint8"
    np.testing.assert_array_equal(np.concatenate([x[:, 0, 0, 0] for x, _ in raw]), np.arange(10))
    for (x, _), (pixels, _) in zip(batches, raw, strict=True):
        np.testing.assert_array_equal(x, FORM(pixels))


def test_evaluation_with_ids_names_every_image_in_order():
    seen = []
    for x, y in evaluation_batches(_split(10), FORM, 4, sample_ids=True):
        assert x["sample_id"].dtype == "int64"
        np.testing.assert_allclose(x["inputs"][:, 0, 0, 0] * 255, x["sample_id"], rtol=1e-6)
        np.testing.assert_array_equal(x["sample_id"], y)
        seen += y.numpy().tolist()
    assert seen == list(range(10))


def test_two_replicas_share_each_batch(mirrored):
    split = _split(20)
    plain = training_batches(split, FORM, 4, seed=5)
    shared = mirrored.experimental_distribute_dataset(plain)
    for expected, (_, y) in zip(_labels(plain, 7), shared, strict=False):
        parts = [part.numpy().tolist() for part in mirrored.experimental_local_results(y)]
        assert [len(part) for part in parts] == [2, 2]
        assert sum(parts, []) == expected


def test_fit_resumes_to_the_same_weights(digits):
    form = Preprocessing((8, 8), "grayscale", "0..1")
    split = digits.train.subset(64)
    steps = steps_per_epoch(split, 16)

    def run(*parts):
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss)
        for first, last in parts:
            data = training_batches(split, form, 16, seed=2, initial_epoch=first)
            model.fit(data, initial_epoch=first, epochs=last, steps_per_epoch=steps, verbose=0)
        return model.get_weights()

    for whole, resumed in zip(run((0, 3)), run((0, 1), (1, 3)), strict=True):
        np.testing.assert_array_equal(whole, resumed)


def _rotated(epoch):
    """Epoch e starts at position e; of 12 images each epoch shows 8."""
    return (np.arange(8).reshape(2, 4) + epoch) % 12


def test_an_order_of_ones_own():
    batches = ordered_batches(_split(12), FORM, _rotated, sample_ids=True)
    expected = np.concatenate([_rotated(epoch) for epoch in range(14)])
    for (x, y), positions in zip(batches, expected, strict=False):
        np.testing.assert_array_equal(y, positions)
        np.testing.assert_array_equal(x["sample_id"], positions)
        np.testing.assert_allclose(x["inputs"][:, 0, 0, 0] * 255.0, positions, atol=1e-4)
        assert x["inputs"].shape == (4, 2, 2, 1) and x["sample_id"].dtype == "int64"
    assert batches.element_spec[1].shape == (4,)
    resumed = ordered_batches(_split(12), FORM, _rotated, initial_epoch=5)
    assert _labels(resumed, 4) == expected[10:14].tolist()


def test_two_replicas_share_each_batch_of_ones_own_order(mirrored):
    plain = ordered_batches(_split(12), FORM, _rotated)
    shared = mirrored.experimental_distribute_dataset(plain)
    for expected, (_, y) in zip(_labels(plain, 5), shared, strict=False):
        parts = [part.numpy().tolist() for part in mirrored.experimental_local_results(y)]
        assert [len(part) for part in parts] == [2, 2]
        assert sum(parts, []) == expected


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (lambda epoch: np.arange(8), r"shape \(steps, batch_size\).*shape=\(8,\), dtype=int64"),
        (lambda epoch: np.zeros((2, 4)), "integers .*dtype=float64"),
        (lambda epoch: np.zeros((0, 4), int), r"shape=\(0, 4\)"),
        (lambda epoch: np.full((2, 4), 12), "0 to 11, .* another split.* Received: 12 to 12"),
        (lambda epoch: np.full((2, 4), -1), "Received: -1 to -1"),
    ],
)
def test_an_impossible_order_is_refused(order, message):
    with pytest.raises(ValueError, match=message):
        ordered_batches(_split(12), FORM, order)


def test_impossible_batches_are_refused():
    with pytest.raises(ValueError, match="at most 10, .* no batch is left.*batch_size=11"):
        training_batches(_split(10), FORM, 11, seed=0)
    assert steps_per_epoch(_split(10), 11, drop_remainder=False) == 1
    with pytest.raises(ValueError, match="`batch_size` must be >= 1. Received: batch_size=0"):
        raw_batches(_split(10), 0)
    with pytest.raises(ValueError, match="`initial_epoch` must be >= 0"):
        training_batches(_split(10), FORM, 2, seed=0, initial_epoch=-1)
    with pytest.raises(ValueError, match="`initial_epoch` must be >= 0"):
        ordered_batches(_split(10), FORM, _rotated, initial_epoch=-1)
