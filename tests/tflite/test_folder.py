import os

import pytest

from tf_lpdistill.tflite import folder


def content(directory):
    return {path.name: path.read_text() for path in directory.iterdir()}


def test_a_new_folder_with_its_parents(tmp_path):
    with folder.replaced(tmp_path / "a" / "b") as fresh:
        (fresh / "x").write_text("1")
        assert not (tmp_path / "a" / "b").exists()
    assert content(tmp_path / "a" / "b") == {"x": "1"}


def test_an_earlier_folder_is_replaced_whole(tmp_path):
    for text in ("old", "new"):
        with folder.replaced(tmp_path / "b") as fresh:
            (fresh / text).write_text(text)
    assert content(tmp_path / "b") == {"new": "new"}
    assert [path.name for path in tmp_path.iterdir()] == ["b"], "nothing lies about"


def test_an_error_leaves_the_earlier_folder(tmp_path):
    with folder.replaced(tmp_path / "b") as fresh:
        (fresh / "x").write_text("old")
    with pytest.raises(KeyError), folder.replaced(tmp_path / "b") as fresh:
        (fresh / "x").write_text("half")
        raise KeyError
    assert content(tmp_path / "b") == {"x": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_failed_rename_puts_the_earlier_folder_back(tmp_path, monkeypatch):
    with folder.replaced(tmp_path / "b") as fresh:
        (fresh / "x").write_text("old")
    rename = os.rename

    def refuse(source, target):
        if str(source).endswith(".part"):
            raise OSError("disk full")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(OSError, match="disk full"), folder.replaced(tmp_path / "b"):
        pass
    assert content(tmp_path / "b") == {"x": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
