"""Strategies by name, and what one process among several may do."""

import json

import pytest
import tensorflow as tf

from tests.processes import free_ports
from tf_lpdistill import distribution
from tf_lpdistill.cluster import WorkersError


def test_names(mirrored):
    assert distribution.get_strategy("auto") is tf.distribute.get_strategy()  # no GPU in tests
    assert distribution.get_strategy("one_device") is tf.distribute.get_strategy()
    assert distribution.get_strategy("mirrored").num_replicas_in_sync == 4
    with pytest.raises(ValueError, match="must be one of .*'multi_worker'.*strategy='all'"):
        distribution.get_strategy("all")


def cluster_of(monkeypatch, count):
    workers = [f"127.0.0.1:{port}" for port in free_ports(count)]
    task = {"type": "worker", "index": 0}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": workers}, "task": task}))


def test_a_worker_started_alone_gives_up(monkeypatch):
    cluster_of(monkeypatch, 2)
    with pytest.raises(WorkersError, match="did not answer within 0.5 s: 1 .*not one alone"):
        distribution.get_strategy("multi_worker", timeout=0.5)


def test_too_late_is_told(monkeypatch):
    tf.constant(0)
    cluster_of(monkeypatch, 1)
    with pytest.raises(RuntimeError, match="before any tensor, model, data set or random seed"):
        distribution.get_strategy("multi_worker", timeout=5)


def test_one_process_is_its_own_chief(mirrored, tmp_path):
    assert distribution.is_chief() and distribution.is_chief(mirrored)
    assert distribution.as_chief_sees(7, mirrored) == 7
    with distribution.chief_path(tmp_path / "new" / "a.txt") as temporary:
        temporary.write_text("whole")
    assert (tmp_path / "new" / "a.txt").read_text() == "whole"


def test_errors_of_one_process_are_left_alone(mirrored):
    with pytest.raises(tf.errors.UnavailableError):
        with distribution.telling_of_lost_workers(mirrored):
            raise tf.errors.UnavailableError(None, None, "gone")


def test_a_batch_that_does_not_divide_is_refused(mirrored4):
    distribution.check_batch_size(5)
    distribution.check_batch_size(8, mirrored4)
    with pytest.raises(ValueError, match="the 4 replicas, such as 8 or 12. Received: batch_size=9"):
        distribution.check_batch_size(9, mirrored4)
    with pytest.raises(ValueError, match="such as 4[.]"):
        distribution.check_batch_size(2, mirrored4)
