"""The workers as TF_CONFIG and Slurm name them, and what is refused."""

import json

import pytest

from tf_lpdistill import cluster

TWO = {"worker": ["a:1", "b:2"]}


def tf_config(jobs=TWO, **task):
    return json.dumps({"cluster": jobs, "task": {"type": "worker", "index": 0} | task})


def test_tf_config_is_read():
    assert cluster.read_tf_config(tf_config(index=1)) == (TWO, ("worker", 1))
    assert cluster.read_tf_config(tf_config(index="1")) == (TWO, ("worker", 1))  # Vertex AI


def test_the_chief_comes_first():
    jobs = {"worker": ["a:1", "b:2"], "chief": ["c:3"]}
    assert cluster.ranked(jobs, ("worker", 1)) == (["c:3", "a:1", "b:2"], 2)
    assert cluster.ranked(TWO, ["worker", 0]) == (["a:1", "b:2"], 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{cluster", "It must be JSON with `cluster` and `task`"),
        ("[]", "It must be JSON with `cluster` and `task`"),
        (json.dumps({"cluster": TWO}), "KeyError\\('task'\\)"),
        (tf_config({"worker": ["a:1"], "ps": ["b:2"]}), "may hold the jobs 'chief' and 'worker'"),
        (tf_config({"worker": ["a:1", "b"]}), "needs an address 'host:port' of its own"),
        (tf_config({"worker": ["a:1", "b:x"]}), "needs an address 'host:port' of its own"),
        (tf_config({"worker": ["a:1", "a:1"]}), "needs an address 'host:port' of its own"),
        (tf_config({"worker": "a:1"}), "must be a list of addresses"),
        (tf_config({"worker": None}), "must be a list of addresses"),
        (tf_config(type=["worker"]), "`task` must name one of the workers"),
        (tf_config(index=2), "`task` must name one of the workers"),
        (tf_config(type="chief"), "`task` must name one of the workers"),
    ],
)
def test_a_wrong_tf_config_is_refused(text, message):
    with pytest.raises(ValueError, match=f"TF_CONFIG is wrong.*{message}.*Received: "):
        cluster.read_tf_config(text)


def test_without_any_cluster_the_error_shows_one(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.delenv("SLURM_PROCID", raising=False)
    with pytest.raises(ValueError, match="TF_CONFIG='.*index.*srun"):
        cluster.find_cluster()


def slurm(monkeypatch, **settings):
    monkeypatch.setenv("TF_CONFIG", "")
    for name in ("STEP_NUM_TASKS", "STEP_NODELIST", "STEP_TASKS_PER_NODE", "PROCID"):
        monkeypatch.delenv(f"SLURM_{name}", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


STEP = {
    "SLURM_PROCID": "3",
    "SLURM_STEP_NUM_TASKS": "4",
    "SLURM_STEP_NODELIST": "node[07-08]",
    "SLURM_STEP_TASKS_PER_NODE": "2(x2)",
    "SLURMD_NODENAME": "node08",
}


def test_slurm_is_read(monkeypatch):
    slurm(monkeypatch, **STEP)
    workers = ["node07:8888", "node07:8889", "node08:8888", "node08:8889"]
    assert cluster.find_cluster() == ({"worker": workers}, ("worker", 3))


def test_outside_a_job_step_and_on_unsorted_hosts_slurm_is_refused(monkeypatch):
    slurm(monkeypatch, SLURM_PROCID="0")
    with pytest.raises(ValueError, match="use srun. SLURM_STEP_NUM_TASKS not found"):
        cluster.find_cluster()
    slurm(monkeypatch, **STEP | {"SLURM_STEP_NODELIST": "node[9-10]", "SLURMD_NODENAME": "node10"})
    with pytest.raises(ValueError, match="Slurm runs task 3 on node10, but .* places it on node9"):
        cluster.find_cluster()
