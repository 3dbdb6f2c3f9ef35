"""Folders of real digits as PNG files: counted, listed, described, refused."""

import csv
import pathlib

import pytest

from photo_folder import photos
from run_folder import Run


@pytest.fixture(scope="module")
def folder(write_photos, tmp_path_factory):
    """90 images of 0, 30 of 1, 30 of 2; a copy, a note, an empty class."""
    root = tmp_path_factory.mktemp("photos") / "digits"
    write_photos(root, {"zero": (0, 90), "one": (1, 30), "two": (2, 30)})
    (root / "zero" / "copy.png").write_bytes((root / "zero" / "000.png").read_bytes())
    (root / "two" / "notes.txt").write_text("to be sorted")
    (root / "three").mkdir()
    return root


@pytest.fixture(scope="module")
def found(folder):
    return photos.load(folder, 32)


def test_classes_and_what_was_left_out(found):
    assert found.data.class_names == ("one", "two", "zero")
    assert found.data.image_shape == (32, 32, 3)
    totals = {name: sum(counts.values()) for name, counts in found.counts().items()}
    assert totals == {"one": 30, "two": 30, "zero": 90}
    assert [item.path for item in found.left_out] == ["three", "two/notes.txt", "zero/copy.png"]


def test_the_imbalance_is_told(found):
    assert found.imbalance_line().startswith(
        "The classes are imbalanced: 90 images of zero, 30 of one; the accuracy is mostly"
    )
    text = found.describe()["description"]
    assert "3 classes of 30 to 90 images" in text and "3 files were left out" in text


def test_a_balanced_folder_has_nothing_to_tell(write_photos, tmp_path):
    write_photos(tmp_path / "even", {"zero": (0, 60), "one": (1, 60)})
    even = photos.load(tmp_path / "even", 32)
    assert even.imbalance_line() == "" and even.left_out_line() == "no file was left out"


def test_what_is_shown_and_written(found, capsys, tmp_path):
    found.show()
    printed = capsys.readouterr().out
    assert "imbalanced" in printed and "two/notes.txt: no readable JPEG" in printed
    found.write(Run(tmp_path, None))
    lines = _read_csv(tmp_path / "left_out.csv")
    assert [line["path"] for line in lines] == ["three", "two/notes.txt", "zero/copy.png"]
    assert lines[2]["reason"] == "the same bytes as zero/000.png"
    counts = _read_csv(tmp_path / "classes.csv")
    assert [line["class"] for line in counts] == ["one", "two", "zero"]
    assert sum(int(counts[2][split]) for split in ("train", "validation", "test")) == 90


def _read_csv(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_other_photos_have_another_fingerprint(write_photos, tmp_path):
    write_photos(tmp_path / "a", {"zero": (0, 40), "one": (1, 40)})
    before = photos.load(tmp_path / "a", 32).fingerprint()
    assert photos.load(tmp_path / "a", 32).fingerprint() == before
    next(iter((tmp_path / "a" / "one").iterdir())).unlink()
    assert photos.load(tmp_path / "a", 32).fingerprint() != before


def test_what_is_no_folder_of_photos_is_refused(write_photos, tmp_path):
    with pytest.raises(ValueError, match="--data_dir must name a folder.*Received: nothing"):
        photos.load(None, 32)
    with pytest.raises(NotADirectoryError, match="must be a folder. Received: .*nowhere"):
        photos.load(tmp_path / "nowhere", 32)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="at least two. Received: 0 folders"):
        photos.load(tmp_path / "empty", 32)
    write_photos(tmp_path / "one", {"zero": (0, 20)})
    with pytest.raises(ValueError, match="at least two. Received: 1 folders"):
        photos.load(tmp_path / "one", 32)
    write_photos(tmp_path / "few", {"zero": (0, 3), "one": (1, 3)})
    with pytest.raises(ValueError, match="enough photos for 8 to train on|some of which fall into"):
        photos.load(tmp_path / "few", 32)


def test_an_image_stays_in_its_split_when_others_come(write_photos, tmp_path):
    write_photos(tmp_path / "p", {"zero": (0, 60), "one": (1, 60)})
    before = _homes(photos.load(tmp_path / "p", 32))
    write_photos(tmp_path / "p", {"zero": (0, 90), "one": (1, 90), "two": (2, 50)})
    after = _homes(photos.load(tmp_path / "p", 32))
    assert len(after) == 230 and before.items() <= after.items()


def _homes(found):
    return {
        image.tobytes(): title
        for title, split in found.data.splits().items()
        for image in split.images
    }


def test_no_file_is_written_into_the_folder(folder):
    assert {path.name for path in pathlib.Path(folder).iterdir()} == {"zero", "one", "two", "three"}
