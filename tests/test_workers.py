"""Several real processes on this computer train as one."""

import keras
import numpy as np
import pytest

from tests import processes
from tests.small import network
from tf_lpdistill import Distiller

PROGRAM = "tests/worker_program.py"


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one device makes of the program: 3 epochs."""
    return processes.run_workers(
        1, PROGRAM, "one_device", tmp_path_factory.mktemp("alone"), 3,
        folder=tmp_path_factory.mktemp("out"),
    )[0]  # fmt: skip


def assert_same(result, expected):
    first = result["from"]
    for name, values in expected["history"].items():
        np.testing.assert_allclose(result["history"][name], values[first:], rtol=1e-5, err_msg=name)
    for a, b in zip(result["weights"], expected["weights"], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_two_workers_train_log_and_save_as_one_device(alone, tmp_path):
    run = tmp_path / "run"
    results = processes.run_workers(2, PROGRAM, "multi_worker", run, 3, folder=tmp_path)
    assert [result["chief"] for result in results] == [True, False]
    for result in results:
        assert_same(result, alone)
    names = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert names == {"distiller.keras", "backup/epoch-3.weights.h5"} | {
        f"checkpoints/{epoch}.keras" for epoch in (1, 2, 3)
    }
    keras.utils.set_random_seed(0)
    loaded = Distiller.load(run / "distiller.keras", teacher=network(8))
    for a, b in zip(loaded.student.get_weights(), alone["weights"], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_after_a_kill_the_others_end_and_all_together_resume(alone, tmp_path):
    run, out = tmp_path / "run", tmp_path
    with processes.workers(2, PROGRAM, "multi_worker", run, 3, 2.0, folder=out) as (chief, other):
        processes.wait_for("epoch 2", chief, processes.output_path(out, 0))
        chief.kill()
        assert other.wait(60) == 1
    text = processes.output_path(out, 1).read_text()
    assert "WorkersError: Another worker of this job is gone" in text
    assert "Start all workers anew, not one alone" in text
    assert not (run / "distiller.keras").exists()
    for result in processes.run_workers(2, PROGRAM, "multi_worker", run, 3, folder=out):
        assert result["from"] == 2
        assert_same(result, alone)
