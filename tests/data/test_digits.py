import hashlib

import numpy as np
import pytest

from tf_lpdistill.data import load_digits


def _as_uci_text(split_pixels, labels):
    counts = np.rint(split_pixels.reshape(len(labels), 64) * (16 / 255)).astype(int)
    lines = [",".join(map(str, [*row, label])) for row, label in zip(counts, labels, strict=True)]
    return sorted(lines)


def test_the_values_are_those_of_the_uci_file():
    # The SHA-256 of optdigits.tes; the file in the package keeps its order.
    import importlib.resources

    source = importlib.resources.files("tf_lpdistill.data").joinpath("digits.npz")
    with source.open("rb") as file, np.load(file) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    rows = np.concatenate([images.reshape(1797, 64), labels[:, None]], axis=1)
    text = "".join(",".join(map(str, row)) + "\n" for row in rows.tolist())
    assert hashlib.sha256(text.encode()).hexdigest() == (
        "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"
    )
    # Class counts as UCI states them for the testing set.
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_splits_share_nothing_and_lose_nothing(digits):
    lines = [
        line
        for split in digits.splits().values()
        for line in _as_uci_text(split.images.astype(float), split.labels)
    ]
    assert len(set(lines)) == len(lines) == 1797
    assert [len(split) for split in digits.splits().values()] == [1000, 297, 500]


def test_form_of_the_data(digits):
    assert digits.image_shape == (8, 8, 1)
    assert digits.class_names == tuple("0123456789")
    assert digits.num_classes == 10
    for split in digits.splits().values():
        assert split.images.dtype == np.uint8 and split.labels.dtype == np.int32
        assert split.images.min() == 0 and split.images.max() == 255
        counts = np.bincount(split.labels, minlength=10)
        # Stratified: no class is off its share by more than the rounding.
        assert np.abs(counts - len(split) / 10).max() <= 0.025 * len(split) / 10 + 1.5


def test_half_ink_is_half_grey(digits):
    # round(8 * 255 / 16) = round(127.5) = 128, the only value that is rounded from a tie.
    assert set(np.unique(digits.train.images)) <= {round(255 / 16 * v) for v in range(17)}
    assert 128 in digits.train.images


def test_the_split_is_fixed_and_the_labels_follow_the_seed(digits):
    few, other, more = load_digits(100, 1), load_digits(100, 2), load_digits(200, 1)
    np.testing.assert_array_equal(few.test.images, digits.test.images)
    np.testing.assert_array_equal(few.validation.images, digits.validation.images)
    assert len(few.train) == 100 and len(more.train) == 200
    rows = {image.tobytes() for image in few.train.images}
    assert rows < {image.tobytes() for image in more.train.images}
    assert rows != {image.tobytes() for image in other.train.images}
    assert np.bincount(few.train.labels).tolist() == [10] * 10


@pytest.mark.parametrize("num_labels", [0, 9, 1001])
def test_impossible_numbers_of_labels(num_labels):
    with pytest.raises(ValueError, match=rf"between 10 .* 1000 .*num_labels={num_labels}"):
        load_digits(num_labels)
