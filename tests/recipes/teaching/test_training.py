import dataclasses

import keras
import pytest
from keras import ops

from results import evaluation
from teaching import training
from teaching.optimizers import adam
from tf_lpdistill import Distiller, data
from tf_lpdistill.losses import Loss, SoftTarget


@pytest.mark.parametrize("epochs", [1, 2, 14, 15, 16, 60, 100, 120])
def test_the_last_epoch_is_validated_and_the_rest_evenly(epochs):
    validated = training.validated_epochs(epochs)
    assert validated[-1] == epochs and validated[0] >= 1
    assert len(validated) == min(epochs, training.VALIDATIONS)
    gaps = {b - a for a, b in zip(validated, validated[1:], strict=False)}
    assert len(gaps) <= 2


def test_a_row_an_epoch_with_validation_where_it_was_made(trainer, pair, monkeypatch):
    monkeypatch.setattr(training, "VALIDATIONS", 2)
    rows = trainer.fit(pair[1], trainer.data.train.subset(100), epochs=4, seed=0)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert ["val_accuracy" in row for row in rows] == [False, True, False, True]
    assert all({"loss", "accuracy"} <= set(row) for row in rows)
    assert float(pair[1].optimizer.learning_rate) == pytest.approx(0.0, abs=1e-9)
    assert int(pair[1].optimizer.iterations) == trainer.steps(trainer.data.train.subset(100), 4)


def test_a_stage_without_labels_is_neither_validated_nor_supervised(trainer, pair):
    distiller = Distiller(*pair, SoftTarget(), student_loss_weight=0.0)
    few = trainer.data.train.subset(100)
    rows = trainer.fit(distiller, few, epochs=1, seed=0, supervised=False)
    assert rows[0]["loss"] == pytest.approx(rows[0]["soft_target"])
    assert rows[0]["student_loss"] == 0.0 and "val_accuracy" not in rows[0]


@keras.saving.register_keras_serializable(package="tests")
class NeedsIds(Loss):
    """Stands for a loss with a memory: it fails where the ids are missing."""

    needs = ("sample_id",)

    def compute_loss(self, teacher_outputs, student_outputs, sample_id=None):
        return 0.0 * ops.sum(student_outputs) + ops.cast(ops.max(sample_id), "float32")


def test_a_loss_that_needs_them_gets_sample_ids(trainer, pair):
    few = trainer.data.train.subset(50)
    rows = trainer.fit(Distiller(*pair, NeedsIds()), few, epochs=1, seed=0)
    assert rows[0]["needs_ids"] == 49.0


def test_patience_stops_and_keeps_the_best_epoch(trainer, pair):
    patient = dataclasses.replace(trainer, patience=1, optimizer=adam(1e-9))
    few = trainer.data.train.subset(50)
    rows = patient.fit(pair[1], few, epochs=30, seed=0)
    assert 2 <= len(rows) < 30  # it learns nothing, so that no epoch is better for long
    assert [row["epoch"] for row in rows] == list(range(1, len(rows) + 1))
    best = max(row["val_accuracy"] for row in rows)
    kept = evaluation.accuracy(pair[1], trainer.data.validation, trainer.preprocessing, 50)
    assert kept == pytest.approx(best)


def test_mixed_images_are_learnt_by_their_shares(trainer, pair):
    augmentation = data.Augmentation(["zoom", "mixup"])
    mixing = dataclasses.replace(trainer, augmentation=augmentation)
    few = trainer.data.train.subset(300)
    rows = mixing.fit(Distiller(*pair, SoftTarget()), few, epochs=20, seed=0)
    assert rows[-1]["student_loss"] < rows[0]["student_loss"]
    assert rows[-1]["val_accuracy"] > 0.5


def test_a_wrong_wiring_is_said_once(trainer, pair, capsys):
    few = trainer.data.train.subset(100)
    for _ in range(2):  # the teacher of this pair is not trained
        trainer.fit(Distiller(*pair, SoftTarget()), few, epochs=1, seed=0)
    said = capsys.readouterr().out
    assert said.count("(teacher_untrained): The teacher is right on") == 1
    assert "way out: Train it first" in said
