"""Several real processes on this computer train as one."""

import inspect
import pathlib
import re

import keras
import numpy as np
import pytest

from tests import processes, worker_program
from tests.small import network
from tf_lpdistill import Distiller, rendezvous
from tf_lpdistill.workers import make_checkpoint_folders

PROGRAM = "tests/worker_program.py"


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one device makes of the program."""
    return worker_program.train("one_device", tmp_path_factory.mktemp("alone"))


def assert_same(result, expected):
    first = result["from"]
    for name, values in expected["history"].items():
        np.testing.assert_allclose(result["history"][name], values[first:], rtol=1e-5, err_msg=name)
    for a, b in zip(result["weights"], expected["weights"], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """What two workers make of the program: (the run folder, the result of each)."""
    run = tmp_path_factory.mktemp("two")
    np.save(run / "cache.npy", 100 + np.arange(27))
    for index in range(5):  # 3 files for one worker, 2 for the other
        (run / f"{index}.txt").write_text("".join(f"{7 * index + i}\n" for i in range(7)))
    out = tmp_path_factory.mktemp("out")
    return run, processes.run_workers(2, PROGRAM, run, folder=out)


def test_two_workers_train_and_log_as_one_device(alone, two):
    _, results = two
    assert [result["chief"] for result in results] == [True, False]
    for result in results:
        assert_same(result, alone)


def test_the_chief_alone_writes_and_its_file_is_whole(alone, two):
    run, _ = two
    written = {path.relative_to(run).as_posix() for path in run.rglob("*.*") if path.is_file()}
    (backup,) = (name for name in written if name.startswith("backup/"))
    assert re.fullmatch(r"backup/epoch-3-[0-9a-f]{16}\.weights\.h5", backup)
    assert {name for name in written if name.endswith(("keras", "h5"))} == {
        "distiller.keras", backup,
        "checkpoints/1.keras", "checkpoints/2.keras", "checkpoints/3.keras",
    }  # fmt: skip
    assert not [name for name in written if "part" in name]
    keras.utils.set_random_seed(0)
    loaded = Distiller.load(run / "distiller.keras", teacher=network(8))
    for a, b in zip(loaded.student.get_weights(), alone["weights"], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("source", "ids"),
    [("files", range(35)), ("cache", range(100, 127)), ("batches", range(50))],
)
def test_each_sample_is_seen_once_an_epoch(two, source, ids):
    parts = [result["seen"][source] for result in two[1]]
    assert sorted(parts[0] + parts[1]) == list(ids)
    assert min(map(len, parts)) >= len(ids) // 2 - 4


# What a worker runs that is restarted alone.
MEET = "from tf_lpdistill import distribution; distribution.get_strategy('multi_worker', timeout=2)"


@pytest.mark.slow
def test_after_a_kill_the_others_end_and_all_together_resume(alone, tmp_path):
    run, addresses = tmp_path / "run", processes.local_addresses(2)
    chief_output, other_output = (processes.output_path(tmp_path, index) for index in range(2))
    with processes.workers(addresses, PROGRAM, run, 2, folder=tmp_path) as started:
        chief, other = started
        processes.wait_for("waiting in epoch 2", chief, chief_output)
        chief.kill()
        chief.wait()
        restarted = processes.start_worker(0, addresses, "-c", MEET, folder=tmp_path)
        started.append(restarted)
        assert restarted.wait(60) == 1 and other.wait(60) == 1
    assert "not answer within 2 s: 1 (127.0.0.1" in chief_output.read_text()
    text = other_output.read_text()
    assert "WorkersError: Another worker of this job is gone" in text
    assert "Start all workers anew, not one alone" in text
    assert not (run / "distiller.keras").exists()
    for result in processes.run_workers(2, PROGRAM, run, folder=tmp_path):
        assert result["from"] == 2
        assert_same(result, alone)


def test_a_worker_lost_between_our_meeting_and_tensorflows_connection_keeps_no_other(tmp_path):
    addresses = processes.local_addresses(2)
    worker = processes.start_worker(1, addresses, "-c", MEET, folder=tmp_path)
    try:
        rendezvous.meet(addresses, 0, timeout=60)  # and is gone: no server of TensorFlow comes
        assert worker.wait(60) == 1
    finally:
        worker.kill()
    text = processes.output_path(tmp_path, 1).read_text()
    assert "Timeout (0:00:02)!" in text and "in _connect_to_all_workers" in text


def test_the_private_parts_of_keras_are_still_there():
    advice = (
        "Keras has changed what tf_lpdistill/workers.py works around. Take its overrides out: when "
        "the tests above still pass, leave them out. When they fail, find in Keras's "
        "backend/tensorflow/trainer.py what builds the model from the first batch (it must be this "
        "worker's part of it) and how the logs of a step are reduced over the workers."
    )
    build = getattr(keras.Model, "_maybe_symbolic_build", None)
    assert build is not None, advice
    assert list(inspect.signature(build).parameters) == ["self", "iterator", "data_batch"], advice
    trainer = pathlib.Path(inspect.getsourcefile(build)).read_text(encoding="utf-8")
    assert "_maybe_symbolic_build(iterator=epoch_iterator)" in trainer, advice
    assert 'strategy.reduce("MEAN", v, axis=0)' in trainer, advice


def test_folders_of_checkpoints_are_there_before_two_workers_make_them_at_once(tmp_path):
    checkpoints = [
        keras.callbacks.ModelCheckpoint(tmp_path / "a" / "b" / "{epoch}.keras"),
        keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}" / "last.keras"),
        keras.callbacks.EarlyStopping(),
    ]
    for _ in range(2):
        make_checkpoint_folders(checkpoints)
    make_checkpoint_folders(None)
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "b"]
