import numpy as np
import pytest

from tf_lpdistill.data import ImageData, Split
from tf_lpdistill.data.splits import split_of, stratified_order


def _split(labels, shape=(4, 4, 1)):
    images = np.arange(len(labels), dtype=np.uint8).reshape(-1, 1, 1, 1)
    return Split(np.broadcast_to(images, (len(labels), *shape)), np.array(labels))


def test_order_is_a_permutation_and_stratified_everywhere():
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    order = stratified_order(labels, seed=3)
    assert sorted(order) == list(range(100))
    assert sorted(labels[order[:3]]) == [0, 1, 2]
    for start in range(0, 100, 20):
        counts = np.bincount(labels[order[start : start + 20]], minlength=3)
        assert np.abs(counts - [12, 6, 2]).max() <= 2, (start, counts)
    np.testing.assert_array_equal(order, stratified_order(labels, seed=3))
    assert (order != stratified_order(labels, seed=4)).any()


def test_subset_keeps_rare_classes():
    split = _split([0] * 97 + [1, 1, 2])
    subset = split.subset(4, seed=5)
    assert set(subset.labels) == {0, 1, 2}
    # Images follow their labels.
    np.testing.assert_array_equal(split.labels[subset.images[:, 0, 0, 0]], subset.labels)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((2, 4, 4), np.uint8), [0, 1], r"shape \(n, height, width, 1 or 3\).*\(2, 4, 4\)"),
        (np.zeros((2, 4, 4, 2), np.uint8), [0, 1], r"1 or 3.*\(2, 4, 4, 2\)"),
        (np.zeros((2, 4, 4, 1), np.float32), [0, 1], "uint8 pixels.*dtype=float32"),
        (np.zeros((2, 4, 4, 1), np.uint8), [0.0, 1.0], "must be integers.*dtype=float64"),
        (np.zeros((2, 4, 4, 1), np.uint8), [[0], [1]], r"shape \(n,\).*shape=\(2, 1\)"),
        (np.zeros((2, 4, 4, 1), np.uint8), [0], "2 images, 1 labels"),
        (np.zeros((0, 4, 4, 1), np.uint8), np.zeros(0, int), "at least 1.*0 images"),
        (np.zeros((2, 4, 4, 1), np.uint8), [-1, 0], "start at 0.*smallest=-1"),
        (np.zeros((2, 4, 4, 1), np.uint8), [0, 2**32], "fit into int32.*largest=4294967296"),
    ],
)
def test_wrong_splits_are_refused(images, labels, message):
    with pytest.raises(ValueError, match=message):
        Split(images, np.array(labels))


def test_image_data_checks_labels_and_shapes():
    with pytest.raises(
        ValueError, match="labels of 'test' must be smaller .* 2. Received: label 2"
    ):
        ImageData("x", _split([0, 1]), None, _split([0, 2]), ("a", "b"))
    with pytest.raises(ValueError, match=r"one shape.*\(4, 4, 1\), validation \(4, 4, 3\)"):
        ImageData("x", _split([0, 1]), _split([0, 1], (4, 4, 3)), None, ("a", "b"))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a", "b\nc"), r"one line of text, not blank. Received: 'b\\nc'"),
        (("a", " "), "not blank. Received: ' '"),
        (("a", "b\u2028c"), "one line of text"),
        (("a", "a"), r"a name of its own.*Received twice: \['a'\]"),
    ],
)
def test_class_names_that_no_labels_file_holds_are_refused(names, message):
    with pytest.raises(ValueError, match=message):
        ImageData("x", _split([0, 1]), None, None, names)


def test_image_data_lists_what_it_has():
    data = ImageData("x", _split([0, 1]), None, _split([1]), ["a", "b"])
    assert list(data.splits()) == ["train", "test"]
    assert (data.image_shape, data.num_classes, data.class_names) == ((4, 4, 1), 2, ("a", "b"))


def test_the_content_of_an_image_decides_its_split():
    digests = [(i * 2**54).to_bytes(8, "big") + b"more" for i in range(1000)]  # of 1024 in all
    found = [split_of(digest, (0.5, 0.25, 0.25)) for digest in digests]
    assert found == ["train"] * 512 + ["validation"] * 256 + ["test"] * 232
    assert {split_of(digest, (1.0, 0.0, 0.0)) for digest in digests} == {"train"}
