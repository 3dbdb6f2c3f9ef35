import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.data import load_npz


def _save(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


def _set(n, shape=(6, 6), classes=3, seed=0):
    images = np.random.default_rng(seed).integers(0, 256, (n, *shape), np.uint8)
    return images, np.arange(n) % classes


def test_one_set_is_divided_always_the_same_way(tmp_path):
    images, labels = _set(100)
    path = _save(tmp_path / "marks.npz", x=images, y=labels)
    data, again = load_npz(path), load_npz(path)
    assert data.name == "marks" and data.class_names == ("0", "1", "2")
    assert data.image_shape == (6, 6, 1)
    assert [len(split) for split in data.splits().values()] == [80, 10, 10]
    np.testing.assert_array_equal(data.test.images, again.test.images)
    joined = np.concatenate([split.images for split in data.splits().values()])
    assert sorted(i.tobytes() for i in joined) == sorted(i.tobytes() for i in images)
    assert np.abs(np.bincount(data.test.labels) - 10 / 3).max() <= 1
    whole = load_npz(path, fractions=(1.0, 0.0, 0.0))
    np.testing.assert_array_equal(whole.train.images[..., 0], images)
    assert list(whole.splits()) == ["train"]


@pytest.mark.parametrize("suffix", ["val", "validation"])
def test_separate_sets(tmp_path, suffix):
    x, y = _set(9, (6, 6, 3))
    arrays = {
        "x_train": x,
        "y_train": y[:, None].astype(np.uint8),
        "x_test": x[:2],
        "y_test": y[:2],
    }
    arrays |= {f"x_{suffix}": x[:3], f"y_{suffix}": y[:3]}
    path = _save(tmp_path / "a.npz", **arrays, class_names=np.array(["u", "v", "w"]))
    data = load_npz(path)
    assert data.class_names == ("u", "v", "w")
    np.testing.assert_array_equal(data.train.images, x)
    np.testing.assert_array_equal(data.train.labels, y)
    np.testing.assert_array_equal(data.validation.images, x[:3])
    np.testing.assert_array_equal(data.test.labels, y[:2])


def _streams(images):
    streams = [tf.io.encode_jpeg(image, quality=90).numpy() for image in images]
    offsets = np.cumsum([0] + [len(stream) for stream in streams])
    return np.frombuffer(b"".join(streams), np.uint8), offsets


def test_jpeg_streams(tmp_path):
    x, y = _set(4, (16, 8, 3), classes=2)
    jpeg, offset = _streams(x)
    data = load_npz(_save(tmp_path / "j.npz", jpeg_train=jpeg, offset_train=offset, y_train=y))
    assert data.train.images.shape == (4, 16, 8, 3)
    expected = tf.io.decode_jpeg(
        jpeg[offset[2] : offset[3]].tobytes(), dct_method="INTEGER_ACCURATE"
    )
    np.testing.assert_array_equal(data.train.images[2], expected)


def test_damaged_streams_are_named(tmp_path):
    x, y = _set(3, (16, 8, 3))
    jpeg, offset = _streams(x)
    damaged = jpeg.copy()
    damaged[offset[1] : offset[1] + 4] = 0
    with pytest.raises(ValueError, match="image 1 of jpeg_train is damaged: no readable JPEG"):
        load_npz(_save(tmp_path / "a.npz", jpeg_train=damaged, offset_train=offset, y_train=y))
    with pytest.raises(ValueError, match="offset_train must rise from 0 to the length"):
        load_npz(_save(tmp_path / "b.npz", jpeg_train=jpeg[:-1], offset_train=offset, y_train=y))
    with pytest.raises(ValueError, match="3 images, 2 labels"):
        load_npz(_save(tmp_path / "c.npz", jpeg_train=jpeg, offset_train=offset, y_train=y[:2]))
    jpeg, offset = _streams([x[0], x[1][:8], x[2]])
    with pytest.raises(ValueError, match=r"one size.*\(16, 8, 3\), and \(8, 8, 3\) for image 1"):
        load_npz(_save(tmp_path / "d.npz", jpeg_train=jpeg, offset_train=offset, y_train=y))


X, Y = _set(6)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": X, "labels": Y}, r"no training images.*x, y \|.*images uint8\(6, 6, 6\), lab"),
        ({}, "Received: an empty archive"),
        ({"x": X}, "lacks y. Expected: x, y. Received: x uint8"),
        ({"x_train": X, "y_train": Y, "y_test": Y}, "lacks x_test"),
        ({"x_test": X, "y_test": Y}, "no training images"),
        ({"jpeg_train": Y.astype(np.uint8), "y_train": Y}, "lacks offset_train"),
        ({"x": X / 255, "y": Y}, r"x and y: .*uint8 pixels.*float64.*\(255 \* x\).round"),
        ({"x": X, "y": Y[:5]}, "6 images, 5 labels"),
        ({"x": X, "y": np.eye(6)}, "`labels` must be integers"),
        ({"x": X, "y": Y + 2**31 - 3}, "from 0 to 2147483647 .*: none of class 0"),
        ({"x": X, "y": Y.astype(np.int64) + 2**32}, "fit into int32.*4294967298"),
        ({"x": X, "y": Y + 1}, "from 0 to 3 needs a training image. Received: none of class 0"),
        ({"x": X, "y": Y - 1}, "must start at 0"),
        (
            {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y + 1},
            "'test' must be smaller than the number of classes, 3. Received: label 3",
        ),
        ({"x": X, "y": Y, "class_names": np.array(["a", "b"])}, "number of classes, 2"),
        ({"x": X, "y": Y, "class_names": np.arange(3)}, "class_names must be strings"),
    ],
)
def test_wrong_archives_are_refused(tmp_path, arrays, message):
    path = _save(tmp_path / "wrong.npz", **arrays)
    with pytest.raises(ValueError, match=message) as raised:
        load_npz(path)
    assert str(path) in str(raised.value)


def test_files_that_are_no_archive(tmp_path):
    path = tmp_path / "x.npz"
    with pytest.raises(FileNotFoundError, match="no file .*x.npz"):
        load_npz(path)
    whole = _save(path, x=X, y=Y).read_bytes()
    inside = bytearray(whole)
    inside[80:90] = bytes(10)
    np.save(tmp_path / "single.npy", X)
    np.savez(tmp_path / "objects.npz", x=np.array([{}], dtype=object))
    foreign = [b"", b"PK", b"text\n" * 100, whole[:-30], whole[: len(whole) // 2], bytes(inside)]
    foreign += [(tmp_path / name).read_bytes() for name in ("single.npy", "objects.npz")]
    for content in foreign:
        path.write_bytes(content)
        with pytest.raises(ValueError, match="cannot be read as an .npz archive"):
            load_npz(path)


@pytest.mark.parametrize(
    "fractions", [(0.5, 0.5), (0.0, 0.5, 0.5), (0.8, 0.1, 0.2), (1.1, -0.1, 0)]
)
def test_wrong_fractions(tmp_path, fractions):
    with pytest.raises(ValueError, match="three numbers >= 0 that sum to 1.*fractions="):
        load_npz(_save(tmp_path / "x.npz", x=X, y=Y), fractions)


def test_mnist(real_data_dir):
    data = load_npz(f"{real_data_dir}/mnist.npz")
    assert [len(split) for split in data.splits().values()] == [60_000, 10_000]
    assert data.image_shape == (28, 28, 1) and data.num_classes == 10
    # The class counts of the published test set.
    assert np.bincount(data.test.labels).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip


def test_photographs(real_data_dir):
    data = load_npz(f"{real_data_dir}/clothing64_jpeg.npz")
    assert [len(split) for split in data.splits().values()] == [3068, 341, 372]
    assert data.image_shape == (64, 64, 3) and data.class_names[-1] == "t-shirt"
    assert 100 < data.train.images.mean() < 220
