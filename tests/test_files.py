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


def test_what_is_sealed_comes_back_and_a_change_is_named(tmp_path):
    path, value = tmp_path / "a.json", {"b": [0.1, None], "a": {"c": "\u2028"}}
    files.write_sealed_json(path, value)
    assert files.read_sealed_json(path) == value
    path.write_text(path.read_text().replace("0.1", "0.2"))
    with pytest.raises(ValueError, match=r"a\.json is damaged: its checksum differs.*Remove it"):
        files.read_sealed_json(path, required=False)
    for content in (b"[1]", b"{", b"\xff", b"", b"7"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.json is damaged"):
            files.read_sealed_json(path, required=False)


def test_what_is_not_sealed_is_taken_where_that_is_allowed(tmp_path):
    files.write_json(tmp_path / "a.json", {"a": 1})
    assert files.read_sealed_json(tmp_path / "a.json", required=False) == {"a": 1}
    with pytest.raises(ValueError, match="its checksum differs. Received: seal=None"):
        files.read_sealed_json(tmp_path / "a.json")


def test_the_checksum_of_plain_values_does_not_know_the_order_of_keys():
    one, other = {"a": 1, "b": (2, 3)}, {"b": [2, 3], "a": 1}
    assert files.json_sha256(one) == files.json_sha256(other) != files.json_sha256({"a": 1})
