import keras
import pytest
from keras import ops

import training
from tf_lpdistill import Distiller
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


def test_a_teacher_is_trained_once(trainer, pair):
    teacher = trainer.teacher(lambda: pair[1], epochs=1, seed=0)
    again = trainer.teacher(pytest.fail, epochs=1, seed=0)
    for weight, same in zip(teacher.get_weights(), again.get_weights(), strict=True):
        assert (weight == same).all()
