import dataclasses
import json

import pytest

from tf_lpdistill.tflite import Bundle, bundle


def test_opened_again_it_is_the_same(phone):
    assert Bundle.open(phone.directory) == phone
    assert Bundle.open(phone) == phone
    assert Bundle.open(str(phone.directory)).preprocessing == phone.preprocessing


def test_it_cannot_be_changed(phone):
    with pytest.raises(dataclasses.FrozenInstanceError):
        phone.name = "other"


@pytest.mark.parametrize("name", ["student_float32.tflite", "labels.txt"])
def test_a_damaged_file_is_refused_by_name(float_phone, name):
    path = float_phone.directory / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1  # one bit
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"damaged: '{name}' is not the file that was exported"):
        Bundle.open(float_phone.directory)


def test_a_missing_file_is_refused_by_name(float_phone):
    float_phone.files["float32"].unlink()
    with pytest.raises(ValueError, match="'student_float32.tflite' is missing"):
        Bundle.open(float_phone.directory)


def test_no_bundle(tmp_path):
    with pytest.raises(ValueError, match="there is no bundle.json.*export_bundle"):
        Bundle.open(tmp_path)
    with pytest.raises(ValueError, match="there is no bundle.json"):
        Bundle.open(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '"x"', "\x00"])
def test_damaged_facts(tmp_path, text):
    (tmp_path / "bundle.json").write_text(text)
    with pytest.raises(ValueError, match="bundle.json is damaged .*Received: path="):
        Bundle.open(tmp_path)


def test_another_format(float_phone):
    facts = float_phone.facts() | {"format": "tf_lpdistill.bundle/99"}
    (float_phone.directory / "bundle.json").write_text(json.dumps(facts))
    with pytest.raises(
        ValueError, match="must be of the format.*Received: 'tf_lpdistill.bundle/99"
    ):
        Bundle.open(float_phone.directory)


def test_a_file_name_cannot_leave_the_folder(float_phone):
    facts = float_phone.facts()
    facts["files"]["float32"]["file"] = "../outside.tflite"
    (float_phone.directory.parent / "outside.tflite").write_bytes(
        float_phone.files["float32"].read_bytes()
    )
    (float_phone.directory / "bundle.json").write_text(json.dumps(facts))
    with pytest.raises(ValueError, match="'../outside.tflite' is missing"):
        Bundle.open(float_phone.directory)


def test_new_empty_and_earlier_folders_may_be_replaced(tmp_path, float_phone):
    bundle.check_replaceable(tmp_path / "new")
    (tmp_path / "empty").mkdir()
    bundle.check_replaceable(tmp_path / "empty")
    bundle.check_replaceable(float_phone.directory)


def test_other_folders_may_not(tmp_path, float_phone):
    (tmp_path / "photo.jpg").write_text("mine")
    with pytest.raises(ValueError, match=r"would lose them.*\['phone', 'photo.jpg'\]"):
        bundle.check_replaceable(tmp_path)
    (float_phone.directory / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"would lose them.*\['notes.txt'\]"):
        bundle.check_replaceable(float_phone.directory)
    with pytest.raises(ValueError, match="`directory` must be a folder. Received: the file"):
        bundle.check_replaceable(tmp_path / "photo.jpg")
