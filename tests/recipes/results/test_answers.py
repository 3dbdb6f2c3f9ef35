"""What is recorded of single images: answers, maps, neighbours."""

import dataclasses

import numpy as np

from results import answers

LAYERS = ("features", "features")


def write(grid, results, teacher=None, layers=LAYERS):
    answers.write(grid.trainer, teacher or grid.teacher, results, grid.seeds, layers, "kd")
    return arrays(grid.trainer.run, "answers.npz")


def arrays(run, name):
    with np.load(run.path(name)) as found:
        return dict(found)


def test_layers_of_features_give_maps_and_neighbours(grid, validated):
    found = write(grid, validated, layers=grid.layers.embeddings())
    assert {"teacher_map", "student_map", "alone_map"} <= set(found)
    assert "int8_classes" not in found and grid.trainer.run.path("neighbors.npz").is_file()


def test_without_a_layer_of_features_there_are_answers_and_no_maps(grid, validated):
    nameless = dataclasses.replace(grid.layers.student, roles={})
    layers = dataclasses.replace(grid.layers, student=nameless).embeddings()
    found = write(grid, validated, layers=layers)
    assert len(found["student_classes"]) == 60
    assert "teacher_map" in found and "student_map" not in found
    assert not grid.trainer.run.path("neighbors.npz").exists()


def test_a_lone_student_that_failed_is_left_out(grid, validated):
    validated["alone"][1] = {"failed": "NaN"}
    assert "alone_classes" not in write(grid, validated)
    assert not grid.trainer.run.path("neighbors.npz").exists()


def test_neighbours_are_looked_for_among_some_of_many_images(grid, monkeypatch):
    monkeypatch.setattr(answers, "GRID_IMAGES", 20)
    test, run = grid.trainer.data.test, grid.trainer.run
    features = np.random.default_rng(0).normal(size=(60, 4))
    answers.write_neighbors(run, test, dict.fromkeys(("teacher", "student", "alone"), features), 0)
    found = arrays(run, "neighbors.npz")
    assert found["images"].shape == (8, 8, 8, 1)
    assert found["teacher_images"].shape == (8, 5, 8, 8, 1) and found["shared"].all()
    pool = np.sort(np.random.default_rng(0).permutation(60)[:20])
    shown = found["teacher_images"].reshape(-1, 64)
    assert {image.tobytes() for image in shown} <= {
        image.tobytes() for image in test.images[pool].reshape(-1, 64)
    }


def test_features_that_diverged_have_no_neighbours(grid, pair, validated):
    pair[0].set_weights([np.full(w.shape, np.nan) for w in pair[0].get_weights()])
    assert "teacher_map" not in write(grid, validated, teacher=pair[0])
    assert not grid.trainer.run.path("neighbors.npz").exists()
