import keras
import numpy as np

import watchers


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
