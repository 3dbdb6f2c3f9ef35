"""What becomes of the students: which is chosen, where its files go, what stops them."""

import keras
import numpy as np
import pytest

from results import phone


@pytest.fixture
def exported(monkeypatch):
    """What was asked of `phone.export`, which exports nothing: [(folder, precisions, origin)]."""
    asked = []

    def export(trainer, model, name, directory, precisions, origin=None):
        asked.append((directory, precisions, origin))
        return {"int8": {"bytes": len(asked)}}

    monkeypatch.setattr(phone, "export", export)
    return asked


def row(key, best=False):
    return {"name": key.upper(), "key": key, "parameters": 3858, "accuracy": [0.5], "best": best}


def weights(path):
    return keras.saving.load_model(path).get_weights()


def test_the_best_goes_to_the_phone_and_others_beside_it(grid, validated, exported):
    rows, run = [row("alone"), row("kd", best=True)], grid.trainer.run
    phone.export_rows(grid.trainer, rows, validated, grid.seeds, "name", "a large network.")
    assert [(place, len(precisions)) for place, precisions, _ in exported] == [
        ("exports/alone", 2), ("phone", 4),
    ]  # fmt: skip
    assert [origin.teacher for *_, origin in exported] == ["none.", "a large network."]
    assert exported[1][2].method == "KD, by `python x.py`; chosen on the validation images."
    assert [each["tflite"]["int8"]["bytes"] for each in rows] == [1, 2]
    chosen = weights(run.path("students", "kd_seed1", "student.keras"))
    for weight, same in zip(weights(run.path("student.keras")), chosen, strict=True):
        np.testing.assert_array_equal(weight, same)


def test_a_student_that_tflite_refuses_is_reported_all_the_same(grid, validated, monkeypatch):
    def refuse(*args, **kwargs):
        raise ValueError("no such operation on the phone")

    monkeypatch.setattr(phone, "export", refuse)
    best, run = row("kd", best=True), grid.trainer.run
    said = phone.deliver(grid, grid.trainer, validated, best, row("teacher"))
    assert said == "KD could not be exported: no such operation on the phone"
    assert "tflite" not in best
    assert run.path("student.keras").is_file() and run.path("answers.npz").is_file()


def test_what_taught_is_told_by_its_size_and_accuracy():
    assert phone.taught_by(row("teacher")) == "3,858 parameters, test accuracy 50.00%."
