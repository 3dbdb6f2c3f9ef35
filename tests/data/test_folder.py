import shutil

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.data import Skipped, load_image_folder, load_npz


def _image(seed, shape=(12, 10, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def _write(path, seed, shape=(12, 10, 3)):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tf.io.encode_png(_image(seed, shape)).numpy())
    return path


@pytest.fixture
def photos(tmp_path):
    """Three classes of 30 photographs, of different sizes."""
    root = tmp_path / "photos"
    for label, name in enumerate(["zebra", "ant", "cat"]):
        for i in range(30):
            _write(root / name / f"{i:02d}.png", 100 * label + i, (12 + i % 3, 10, 3))
    return root


def _where(data):
    return {
        (title, label, image.tobytes())
        for title, split in data.splits().items()
        for image, label in zip(split.images, split.labels, strict=True)
    }


def test_classes_sizes_and_shares(photos):
    data, skipped = load_image_folder(photos, (6, 6))
    assert skipped == ()
    assert (data.name, data.class_names) == ("photos", ("ant", "cat", "zebra"))
    assert data.image_shape == (6, 6, 3)
    assert sum(len(split) for split in data.splits().values()) == 90
    # 72 expected; five standard deviations of 3.8.
    assert 53 <= len(data.train) < 90


def test_pixels_are_those_of_the_file(photos):
    data, _ = load_image_folder(photos, (12, 10), fractions=(1.0, 0.0, 0.0))
    assert data.validation is None and data.test is None
    np.testing.assert_array_equal(data.train.images[0], _image(100))
    expected = tf.image.resize(_image(101, (13, 10, 3)), (12, 10), antialias=True)
    assert np.abs(data.train.images[1] - np.rint(expected)).max() <= 1
    grey, _ = load_image_folder(photos, (12, 10), "grayscale", (1.0, 0.0, 0.0))
    luma = _image(100) @ [0.299, 0.587, 0.114]
    assert np.abs(grey.train.images[0, ..., 0] - luma).max() <= 0.51


def test_the_split_stays_when_files_come_go_and_move(photos):
    before = _where(load_image_folder(photos, (6, 6))[0])
    (photos / "ant" / "00.png").rename(photos / "ant" / "renamed.png")
    (photos / "ant" / "01.png").unlink()
    _write(photos / "cat" / "deep" / "new.png", 999)
    after = _where(load_image_folder(photos, (6, 6))[0])
    assert len(before - after) == 1 and len(after - before) == 1


def test_what_is_left_out_is_listed(photos):
    shutil.copy(photos / "ant" / "03.png", photos / "ant" / "copy of 03.png")
    shutil.copy(photos / "cat" / "04.png", photos / "zebra" / "cat?.png")
    (photos / "cat" / "05.png").write_bytes((photos / "cat" / "05.png").read_bytes()[:50])
    (photos / "cat" / "notes.txt").write_text("hello")
    (photos / "loose.png").write_bytes((photos / "cat" / "06.png").read_bytes())
    (photos / "cat" / ".hidden").write_text("not looked at")
    (photos / ".thumbnails").mkdir()
    data, skipped = load_image_folder(photos, (6, 6))
    assert [item.path for item in skipped] == [
        "ant/copy of 03.png",
        "cat/04.png",
        "cat/05.png",
        "cat/notes.txt",
        "loose.png",
        "zebra/cat?.png",
    ]
    reasons = {item.path: item.reason for item in skipped}
    assert reasons["ant/copy of 03.png"] == "the same bytes as ant/03.png"
    assert reasons["cat/04.png"] == reasons["zebra/cat?.png"]
    assert reasons["cat/04.png"] == "the same bytes stand in more than one class"
    assert "no readable JPEG, PNG, BMP or GIF" in reasons["cat/05.png"]
    assert Skipped("loose.png", "lies in no class folder") in skipped
    assert sum(len(split) for split in data.splits().values()) == 88


def test_folders_that_are_no_data_set(tmp_path):
    with pytest.raises(NotADirectoryError, match="must be a folder. Received: .*nowhere"):
        load_image_folder(tmp_path / "nowhere", (6, 6))
    with pytest.raises(ValueError, match=r"at least two. Received: 0 folders \[\]"):
        load_image_folder(tmp_path, (6, 6))
    _write(tmp_path / "only" / "a.png", 0)
    with pytest.raises(ValueError, match=r"Received: 1 folders \['only'\]"):
        load_image_folder(tmp_path, (6, 6))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "b.png").write_text("no image")
    with pytest.raises(ValueError, match=r"none for \['bad'\]; 1 files left out\n  bad/b.png: no"):
        load_image_folder(tmp_path, (6, 6), fractions=(1.0, 0.0, 0.0))


@pytest.mark.parametrize("target", ["file", "folder", "class"])
def test_links_out_of_the_folder_are_refused(photos, tmp_path, target):
    outside = _write(tmp_path / "private" / "secret.png", 7)
    link, to = {
        "file": (photos / "cat" / "link.png", outside),
        "folder": (photos / "cat" / "link", outside.parent),
        "class": (photos / "link", outside.parent),
    }[target]
    link.symlink_to(to)
    with pytest.raises(ValueError, match="link is a symbolic link out|link.png is a symbolic link"):
        load_image_folder(photos, (6, 6))


def test_links_inside_the_folder_are_followed(photos):
    (photos / "cat" / "link.png").symlink_to(photos / "cat" / "00.png")
    _, skipped = load_image_folder(photos, (6, 6))
    assert skipped == (Skipped("cat/link.png", "the same bytes as cat/00.png"),)


def test_photographs(real_data_dir, tmp_path):
    with np.load(f"{real_data_dir}/clothing64_jpeg.npz") as arrays:
        streams, offsets = arrays["jpeg_test"].tobytes(), arrays["offset_test"]
        labels, names = arrays["y_test"], arrays["class_names"]
    for i, label in enumerate(labels):
        path = tmp_path / "clothes" / names[label] / f"{i:04d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(streams[offsets[i] : offsets[i + 1]])
    data, skipped = load_image_folder(tmp_path / "clothes", (64, 64), fractions=(1.0, 0.0, 0.0))
    source = load_npz(f"{real_data_dir}/clothing64_jpeg.npz").test
    assert len(data.train) + len(skipped) == 372 and len(skipped) < 10
    assert {i.tobytes() for i in data.train.images} <= {i.tobytes() for i in source.images}


def test_links_to_folders_are_listed_and_not_followed(photos):
    (photos / "cat" / "again").symlink_to(photos / "cat", target_is_directory=True)
    (photos / "circle").symlink_to(photos / "circle")
    (photos / "lost").symlink_to(photos / "nothing")
    (photos / "whole").symlink_to(photos, target_is_directory=True)
    data, skipped = load_image_folder(photos, (6, 6))
    assert data.class_names == ("ant", "cat", "zebra")
    assert sum(len(split) for split in data.splits().values()) == 90
    assert [item.path for item in skipped] == ["cat/again", "circle", "lost", "whole"]
    assert {item.reason for item in skipped} == {"a link to no file is not followed"}


def test_empty_classes_may_be_left_out(photos):
    (photos / "bee").mkdir()
    (photos / "yak").mkdir()
    (photos / "yak" / "notes.txt").write_text("no yaks yet")
    with pytest.raises(ValueError, match=r"none for \['bee', 'yak'\]"):
        load_image_folder(photos, (6, 6))
    without, skipped = load_image_folder(photos, (6, 6), skip_empty_classes=True)
    assert without.class_names == ("ant", "cat", "zebra")
    assert [item.path for item in skipped] == ["bee", "yak", "yak/notes.txt"]
    assert skipped[0].reason == "the class has no readable image"
    shutil.rmtree(photos / "bee")
    shutil.rmtree(photos / "yak")
    assert _where(without) == _where(load_image_folder(photos, (6, 6))[0])


def test_one_class_is_left_when_the_others_are_empty(tmp_path):
    _write(tmp_path / "only" / "a.png", 0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"at least two. Received: 1 folders \['only'\]"):
        load_image_folder(tmp_path, (6, 6), skip_empty_classes=True)
