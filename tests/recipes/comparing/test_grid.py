"""One student of one seed: taught once, its result kept for the next try."""

import numpy as np
import pytest

from comparing.grid import train_once
from run_folder import Run


def test_a_result_on_record_is_read_and_nothing_is_taught(trainer, capsys):
    def teach(own, key, seed):
        assert own.folder == trainer.run.path("students", "kd_seed7")
        return {"taught": [key, seed], "draw": np.random.rand()}, "well taught"

    first = train_once(trainer, "kd", "KD", 7, 3, teach)
    assert first == {"taught": ["kd", 7], "draw": np.random.RandomState(7).rand()}
    assert capsys.readouterr().out == "KD, seed 7: well taught\n"
    again = train_once(trainer, "kd", "KD", 7, 3, pytest.fail)
    assert again == first and capsys.readouterr().out == ""


def test_a_try_that_was_stopped_leaves_no_result(trainer):
    def stopped(own, key, seed):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_once(trainer, "kd", "KD", 0, 3, stopped)
    assert train_once(trainer, "kd", "KD", 0, 3, lambda *_: ({"accuracy": 1.0}, "")) == {
        "accuracy": 1.0
    }


def test_the_chief_alone_writes_and_speaks(trainer, monkeypatch, capsys):
    monkeypatch.setattr(Run, "chief", False)
    assert train_once(trainer, "kd", "KD", 0, 3, lambda *_: (None, "")) is None
    assert not list(trainer.run.directory.iterdir()) and capsys.readouterr().out == ""
