import json

import pytest

from tf_lpdistill.report.record import Record

BAD = [
    ("text", 1, "text"),
    ("flag", 1, "true or false"),
    ("integer", True, "an integer, 0 or more"),
    ("integer", -1, "an integer, 0 or more"),
    ("integer", 1.5, "an integer, 0 or more"),
    ("number", float("nan"), "a finite number, 0 or more"),
    ("number", float("inf"), "a finite number, 0 or more"),
    ("fraction", 95.6, "a number from 0 to 1"),
    ("fractions", [], "a list of numbers from 0 to 1, not empty"),
    ("fractions", [0.5, "x"], "a list of numbers from 0 to 1, not empty"),
    ("integers", [0.5], "a list of integers, 0 or more, not empty"),
    ("texts", "abc", "a list of texts, not empty"),
    ("mapping", [], "an object"),
    ("record", None, "an object"),
    ("records", [1], "a list of objects, not empty"),
]


@pytest.mark.parametrize(("reader", "value", "expected"), BAD)
def test_a_wrong_field_is_named(reader, value, expected):
    record = Record({"field": value}, "results.json: rows[2]")
    text = f"results.json: rows[2] is damaged or foreign: expected 'field' to be {expected}. Recei"
    with pytest.raises(ValueError) as error:
        getattr(record, reader)("field")
    assert text in str(error.value)
    assert f"Received: {value!r}. Run the recipe again" in str(error.value)


def test_a_missing_field_is_named():
    with pytest.raises(ValueError, match=r"'title' to be text\. Received: no such field"):
        Record({}, "config.json").text("title")


def test_optional_fields_may_be_null_or_absent():
    record = Record({"a": None}, "x.json")
    readers = (record.text, record.integer, record.number, record.fraction, record.fractions)
    for reader in (*readers, record.record):
        assert reader("a", optional=True) is None
        assert reader("b", optional=True) is None


def test_fields_as_they_are():
    record = Record({"a": [0, 1.0], "b": {"c": "d"}, "e": [{"f": 2}]}, "x.json")
    assert record.fractions("a") == (0, 1.0)
    assert record.record("b").text("c") == "d"
    assert record.records("e")[0].integer("f") == 2
    assert record.records("e")[0].where == "x.json: e[0]"


@pytest.mark.parametrize("content", ["", "{", '{"a": 1}}', "[" * 100_000, "\ufeff{}"])
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"config\.json is damaged: expected JSON in UTF-8\. Rece"):
        Record.read(path)


def test_a_file_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "config.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"config\.json is damaged"):
        Record.read(path)


def test_a_file_that_holds_no_object_is_named(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(list(range(1000))))
    with pytest.raises(ValueError, match=r"config\.json is damaged or foreign: expected a JSON ob"):
        Record.read(path)
