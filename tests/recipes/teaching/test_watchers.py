"""What watches a training: the looks of a Distiller, its log, the best epoch, a step's time."""

import dataclasses

import keras
import numpy as np
import pytest

from teaching import watchers
from tf_lpdistill import Distiller, guidance, models
from tf_lpdistill.callbacks import TensorBoardLog, Watch
from tf_lpdistill.guidance.finding import Findings
from tf_lpdistill.losses import LocalityPreserving


def model():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


def test_the_first_of_the_best_epochs_is_remembered():
    student = model()
    best = watchers.BestEpoch(student)
    for epoch, accuracy in enumerate([0.2, 0.9, None, 0.9, 0.4]):
        student.set_weights([np.full((2, 1), epoch), np.zeros(1)])
        best.on_epoch_end(epoch, {} if accuracy is None else {"val_accuracy": accuracy})
    assert (best.epoch, best.accuracy) == (2, 0.9)
    best.restore()
    np.testing.assert_array_equal(student.get_weights()[0], np.ones((2, 1)))


def test_the_median_leaves_out_warm_up_and_pauses(monkeypatch):
    # Steps take 7 s; each fit begins with slow ones, and epochs are 1000 s apart.
    clock = [0.0]
    monkeypatch.setattr(watchers.time, "perf_counter", lambda: clock[0])
    timer = watchers.StepTimer()
    for _ in range(2):
        timer.on_train_begin()
        for epoch in range(3):
            timer.on_epoch_begin(epoch)
            clock[0] += 1000
            for step in range(4):
                timer.on_train_batch_begin(step)
                clock[0] += 500 if epoch == 0 else 7
    assert timer.milliseconds == 7000


def test_too_few_steps_have_no_time():
    timer = watchers.StepTimer()
    timer.on_train_begin()
    timer.on_epoch_begin(0)
    for step in range(watchers.WARM_UP):
        timer.on_train_batch_begin(step)
    assert timer.milliseconds is None


@pytest.fixture
def logged(trainer):
    """The trainer of a student, with the log for TensorBoard."""
    run = dataclasses.replace(trainer.run, tensorboard=True)
    return dataclasses.replace(trainer, run=run).within("students", "lp_seed0")


def distilled(trainer):
    keras.utils.set_random_seed(0)
    lp = LocalityPreserving("features", "features")
    distiller = Distiller(models.digits_teacher(), models.digits_student(), lp)
    return trainer.fit(distiller, trainer.data.train.subset(100), epochs=2, seed=0)


@pytest.mark.slow
def test_a_log_for_tensorboard_changes_no_number(logged):
    plain = dataclasses.replace(logged, run=dataclasses.replace(logged.run, tensorboard=False))
    rows, folder = distilled(plain), logged.run.path("tensorboard")
    assert not folder.exists()
    assert distilled(logged) == rows and "share/locality_preserving" in rows[-1]
    assert [path.name for path in folder.iterdir()] == ["lp_seed0"]
    assert list(folder.glob("lp_seed0/events.*")) and (folder / "lp_seed0" / "student.tsv").exists()


@pytest.fixture
def looked(monkeypatch):
    """The distillers that `guidance.check` was asked about."""
    seen = []

    def check(distiller, dataset):
        seen.append(distiller)
        return Findings()

    monkeypatch.setattr(watchers.look, "_looked", set())
    monkeypatch.setattr(guidance, "check", check)
    return seen


def test_what_is_no_distillation_is_not_looked_at(logged, looked):
    student = models.digits_student()
    for plain in (student, Distiller(student, student, [])):
        plain.compile("sgd", "mse")
        assert watchers.watch(plain, [], [1], logged) == []
    assert looked == []


@pytest.mark.parametrize("done", [0, 1])
def test_an_earlier_try_is_gone_on_with_or_made_anew(logged, looked, pair, done):
    stale = logged.run.path("tensorboard", "lp_seed0", "events.old")
    stale.parent.mkdir(parents=True)
    stale.touch()
    distiller = Distiller(*pair, LocalityPreserving("features", "features"))
    distiller.compile("sgd", "mse")
    callbacks = watchers.watch(distiller, [], [1, 2], logged, done)
    assert [type(callback) for callback in callbacks] == [Watch, TensorBoardLog]
    assert stale.exists() == bool(done) and looked == [distiller]
    assert watchers.watch(distiller, [], [], logged) == []  # a first stage, wiring alone
