"""Interrupted training goes on from the last whole epoch to the undisturbed result."""

import re

import keras
import numpy as np
import pytest

from tests.small import batch, compiled, lp, network
from tf_lpdistill import Distiller, backup
from tf_lpdistill.backup import Backup
from tf_lpdistill.cluster import WorkersError
from tf_lpdistill.losses import SoftTarget


def make(seed):
    keras.utils.set_random_seed(0)
    teacher = network(8)
    keras.utils.set_random_seed(seed)
    student = network(dropout=0.5, norm=True)
    return compiled(Distiller(teacher, student, [SoftTarget(), lp()]), keras.optimizers.Adam())


def fit(distiller, *callbacks, initial_epoch=0):
    x, y = batch(48)
    return distiller.fit(
        x, y, batch_size=16, epochs=4, initial_epoch=initial_epoch, callbacks=list(callbacks),
        shuffle=False, verbose=0,
    ).history  # fmt: skip


class StopAt(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations == 3 * self.epoch + 1:
            raise KeyboardInterrupt


@pytest.mark.parametrize("done", [0, 2])
def test_it_goes_on_bit_for_bit(tmp_path, done):
    undisturbed = make(seed=1)
    expected = fit(undisturbed)
    with pytest.raises(KeyboardInterrupt):
        fit(make(seed=1), Backup(tmp_path / "state"), StopAt(done))
    again, state = make(seed=1 if done == 0 else 99), Backup(tmp_path / "state")
    assert state.restore(again) == done
    logs = fit(again, state, initial_epoch=done)
    assert logs == {name: values[done:] for name, values in expected.items()}
    for a, b in zip(undisturbed.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    (left,) = (tmp_path / "state").iterdir()
    assert re.fullmatch(r"epoch-4-[0-9a-f]{16}\.weights\.h5", left.name)


def test_a_kill_between_writing_and_removing_leaves_the_newer_state(tmp_path):
    distiller = make(seed=1)
    fit(distiller, Backup(tmp_path))
    (tmp_path / "epoch-3-0123456789abcdef.weights.h5").write_bytes(b"the older one")
    (tmp_path / "unnamed.weights.h5").write_bytes(b"killed before it had a name")
    again = make(seed=2)
    assert Backup(tmp_path).restore(again) == 4
    for a, b in zip(distiller.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_damaged_state_is_refused(tmp_path):
    fit(make(seed=1), Backup(tmp_path))
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # HDF5 reads most of such files without a word
    path.write_bytes(content)
    with pytest.raises(ValueError, match="epoch-4-.* is damaged.*Remove it to begin anew"):
        Backup(tmp_path).restore(make(seed=1))


def test_a_worker_that_does_not_see_the_chiefs_file_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(backup, "as_chief_sees", lambda epoch, strategy: 3)
    with pytest.raises(WorkersError, match="after epoch 3, but .* file system that all workers"):
        Backup(tmp_path).restore(make(seed=1))


def test_room_is_asked_for_before_hdf5_writes(tmp_path, monkeypatch):
    asked, save_weights = [], keras.Model.save_weights

    def spy(model, path):
        asked.append(path.stat().st_size)
        save_weights(model, path)

    monkeypatch.setattr(keras.Model, "save_weights", spy)
    fit(make(seed=1), Backup(tmp_path))
    (written,) = tmp_path.iterdir()
    assert len(asked) == 4 and written.stat().st_size <= min(asked)
