"""What becomes of the chosen student: its bundle, and what is recorded of single images."""

import dataclasses

import keras
import numpy as np
import pytest

import delivery
import evaluation
import record
from comparison import Comparison
from run_folder import claim
from tf_lpdistill import models

ROW = {"name": "KD", "key": "kd", "parameters": 3858, "accuracy": [0.5]}


@pytest.fixture
def grid(trainer, pair, layers):
    """A comparison that has trained nothing, with its students on disk."""
    few = dataclasses.replace(trainer.data, test=trainer.data.test.take(np.arange(60)))
    trainer = dataclasses.replace(trainer, data=few)
    dataset = evaluation.describe(trainer.data, 100)
    claim(trainer.run.directory, {"flags": {}, "dataset": dataset, "command": "python x.py"}, False)
    for key, seed in (("kd", 0), ("kd", 1), ("alone", 0), ("alone", 1)):
        path = trainer.run.path("students", f"{key}_seed{seed}", "student.keras")
        path.parent.mkdir(parents=True)
        models.digits_student().save(path)
    return Comparison(trainer, pair[0], models.digits_student, layers, {}, [0, 1], 1, 100)


@pytest.fixture
def results():
    return {key: [{"validation_accuracy": v} for v in (0.1, 0.2)] for key in ("kd", "alone")}


def arrays(run, name):
    with np.load(run.path(name)) as found:
        return dict(found)


def test_a_student_that_tflite_refuses_is_reported_all_the_same(grid, results, monkeypatch):
    def refuse(*args, **kwargs):
        raise ValueError("no such operation on the phone")

    monkeypatch.setattr(delivery, "export", refuse)
    row = dict(ROW)
    said = delivery.deliver(grid, grid.trainer, results, row, ROW)
    assert said == "KD could not be exported: no such operation on the phone"
    assert "tflite" not in row
    run = grid.trainer.run
    kept = keras.saving.load_model(run.path("student.keras"))
    chosen = keras.saving.load_model(run.path("students", "kd_seed1", "student.keras"))
    for weight, same in zip(kept.weights, chosen.weights, strict=True):
        np.testing.assert_array_equal(weight, same)
    answers = arrays(run, "answers.npz")
    assert {"teacher_map", "student_map", "alone_map"} <= set(answers)
    assert "int8_classes" not in answers and run.path("neighbors.npz").is_file()


def test_without_a_layer_of_features_there_are_answers_and_no_maps(grid, results):
    nameless = dataclasses.replace(grid.layers.student, roles={})
    grid = dataclasses.replace(grid, layers=dataclasses.replace(grid.layers, student=nameless))
    delivery.write_answers(grid, grid.trainer, results, "kd", "alone")
    answers = arrays(grid.trainer.run, "answers.npz")
    assert len(answers["student_classes"]) == 60
    assert "teacher_map" in answers and "student_map" not in answers
    assert not grid.trainer.run.path("neighbors.npz").exists()


def test_a_lone_student_that_failed_is_left_out(grid, results):
    results["alone"][1] = {"failed": "NaN"}
    delivery.write_answers(grid, grid.trainer, results, "kd", "alone")
    assert "alone_classes" not in arrays(grid.trainer.run, "answers.npz")
    assert not grid.trainer.run.path("neighbors.npz").exists()


def test_neighbours_are_looked_for_among_some_of_many_images(grid, monkeypatch):
    monkeypatch.setattr(record, "GRID_IMAGES", 20)
    test, run = grid.trainer.data.test, grid.trainer.run
    features = np.random.default_rng(0).normal(size=(60, 4))
    record.write_neighbors(run, test, dict.fromkeys(("teacher", "student", "alone"), features), 0)
    found = arrays(run, "neighbors.npz")
    assert found["images"].shape == (8, 8, 8, 1)
    assert found["teacher_images"].shape == (8, 5, 8, 8, 1) and found["shared"].all()
    pool = np.sort(np.random.default_rng(0).permutation(60)[:20])
    shown = found["teacher_images"].reshape(-1, 64)
    assert {image.tobytes() for image in shown} <= {
        image.tobytes() for image in test.images[pool].reshape(-1, 64)
    }


def test_features_that_diverged_have_no_neighbours(grid, pair):
    broken = models.digits_student()
    broken.set_weights([np.full(w.shape, np.nan) for w in broken.get_weights()])
    networks = {"teacher": pair[0], "student": broken, "alone": pair[1]}
    record.write_answers(grid.trainer, networks, dict.fromkeys(networks, "features"), 0)
    assert "student_map" not in arrays(grid.trainer.run, "answers.npz")
    assert not grid.trainer.run.path("neighbors.npz").exists()
