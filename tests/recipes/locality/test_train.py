"""Lessons and their measures, on the embedded digits with few epochs."""

import dataclasses

import keras
import numpy as np
import pytest

from locality import cells, train
from locality.classroom import Classroom
from locality.lesson import Lesson, Tutor
from locality.records import Job, Records
from tf_lpdistill import Distiller, TeacherCache
from tf_lpdistill.losses import LocalityPreserving, SoftTarget

NAME = "digits_plain"


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A classroom whose teacher has learnt for a few epochs; half of the images are mirrored."""
    with pytest.MonkeyPatch.context() as patch:
        few = dataclasses.replace(cells.CELLS[NAME], teacher_epochs=8, epochs=2, flips=True)
        patch.setitem(cells.CELLS, NAME, few)
        yield Classroom(NAME, Records(tmp_path_factory.mktemp("study")))


def lesson(room, seed=0):
    keras.utils.set_random_seed(seed)
    return Lesson(Tutor(room, 0.01, 50), room.build_student(), seed)


def job(method="locality_preserving", part="tune", **setting):
    return Job(part, NAME, method, setting, 0)


def test_the_teacher_is_trained_once_and_on_record(room):
    records = [row for row in room.records.read().values() if row["part"] == "teacher"]
    assert len(records) == 1 and records[0]["test_accuracy"] > 0.8
    again = Classroom(NAME, room.records)
    for one, two in zip(again.teacher.weights, room.teacher.weights, strict=True):
        np.testing.assert_array_equal(one, two)


def test_all_methods_see_the_same_batches(room):
    lp = lesson(room)
    distiller = lp.distiller([LocalityPreserving("features", "features")], [0.3])
    assert isinstance(distiller.teacher, TeacherCache)
    distilled, alone = (
        iter(Tutor(room, 0.01, 50).batches(model, room.split(0), 0))
        for model in (distiller, lp.student)
    )
    mirrored = 0
    for _ in range(3):
        (x, y), (plain_x, plain_y) = next(distilled), next(alone)
        np.testing.assert_array_equal(x["inputs"], plain_x)
        np.testing.assert_array_equal(y, plain_y)
        images = room.split(0).images[x["sample_id"].numpy()].astype("float32")
        mirrored += sum(not np.array_equal(a, b) for a, b in zip(images, plain_x, strict=True))
    assert 30 < mirrored < 120  # of 150, a few of which are symmetric


def test_the_cached_teacher_gives_the_update_of_the_live_one(room, monkeypatch, tmp_path):
    monkeypatch.setattr(room, "cell", dataclasses.replace(room.cell, flips=False))
    monkeypatch.setattr(room, "records", Records(tmp_path))
    monkeypatch.setattr(room, "_caches", {})
    weights = []
    for live in (False, True):
        one = lesson(room)
        terms = [SoftTarget(), LocalityPreserving("features", "features")]
        model = one.distiller(terms, [0.1, 0.3])
        model = Distiller(room.teacher, one.student, terms, [0.1, 0.3]) if live else model
        one.train(model, 1)
        weights.append(one.student.get_weights())
    for cached, live in zip(*weights, strict=True):
        np.testing.assert_allclose(cached, live, rtol=2e-2, atol=2e-3)  # float16 on disk


def test_a_run_is_measured_and_repeats_itself(room):
    first, second = (train.run(job(), room) for _ in range(2))
    timing = {"cpu_seconds", "wall_seconds"}
    assert {k: v for k, v in first.items() if k not in timing} == {
        k: v for k, v in second.items() if k not in timing
    }
    shares = ("validation_accuracy", "train_accuracy", "neighbors_kept", "purity_student",
              "purity_teacher", "purity_in_batch")  # fmt: skip
    assert all(0 < first[name] <= 1 for name in shares)
    assert first["feature_norm"] > first["feature_spread"] > 0
    assert first["purity_teacher"] > 0.7 and first["parameters"] == 3858


def test_the_test_images_are_for_final_runs(room):
    assert "test_accuracy" not in train.run(job(part="tune"), room)
    assert "test_accuracy" not in train.run(job(part="sweep_weight"), room)
    final = train.run(job("alone", part="final"), room)
    assert final["test_accuracy"] > 0.3
    # The file for the phone is measured with them.
    assert final["int8_accuracy"] == pytest.approx(final["test_accuracy"], abs=0.05)
    assert 5_000 < final["int8_bytes"] < 20_000 and 0 < final["int8_latency_ms"] < 10


@pytest.mark.slow
def test_batch_size_and_neighbour_batches_reach_the_training(room):
    small = train.run(job(batch_size=20), room)
    near = train.run(job(seeds_per_batch=10), room)
    usual = train.run(job(), room)
    assert len({small["loss"], near["loss"], usual["loss"]}) == 3


def test_a_method_that_cannot_be_trained_is_on_record_with_its_reason(room):
    measured = train.run(job("solution_flow"), room)
    assert measured["failed"].startswith("ValueError: solution_flow: teacher and student layers")
    assert "validation_accuracy" not in measured and measured["num_labels"] == 300


def test_purity_of_a_line_of_points():
    features = np.arange(8, dtype="float32")[:, None] ** 2
    assert train.purity(features, np.zeros(8, int)) == 1.0
    assert train.purity(features, np.arange(8)) == 0.0
