import hashlib
import json

import pytest

from tf_lpdistill import files


def test_text_and_json_are_written_whole(tmp_path):
    path = tmp_path / "new" / "folders" / "a.json"
    files.write_json(path, {"größe": [1, 2.5, None]})
    assert json.loads(path.read_text(encoding="utf-8")) == {"größe": [1, 2.5, None]}
    files.write_text(path, "second\n")
    assert path.read_text() == "second\n"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.json"]


def test_an_error_leaves_the_earlier_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("good")
    with pytest.raises(RuntimeError, match="the disk is full"):
        with files.atomic_path(path) as temporary:
            temporary.write_text("half")
            assert path.read_text() == "good"
            raise RuntimeError("the disk is full")
    assert path.read_text() == "good"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_a_writer_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        with files.atomic_path(tmp_path / "a.txt"):
            pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["model.keras", "student.weights.h5", "labels"])
def test_the_temporary_name_keeps_the_suffix_and_the_folder(tmp_path, name):
    with files.atomic_path(tmp_path / name) as temporary:
        assert temporary.parent == tmp_path and temporary.name.startswith(".")
        assert temporary.name.endswith(name[name.find(".") :] if "." in name else ".part")
        temporary.write_bytes(b"x")
    assert (tmp_path / name).read_bytes() == b"x"


def test_values_that_json_cannot_hold_leave_the_earlier_file(tmp_path):
    path = tmp_path / "a.json"
    files.write_json(path, {"a": 1})
    with pytest.raises(TypeError, match="not JSON serializable"):
        files.write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}


def test_sha256(tmp_path):
    content = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(content)
    assert files.sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()
