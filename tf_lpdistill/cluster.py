"""Which workers belong to this job, and which of them this process is: TF_CONFIG or Slurm."""

import json
import os

import tensorflow as tf

_EXAMPLE = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
)
_JOBS = ("chief", "worker")


class WorkersError(RuntimeError):
    """A fellow worker of this job is not there, is gone, or is none of it."""


def find_cluster() -> tuple[dict[str, list[str]], tuple[str, int]] | None:
    """Reads the cluster from the environment: TF_CONFIG where it is set, else Slurm.

    Returns:
        `(jobs, task)`: a dict of "chief" and "worker" to lists of "host:port", and
        `(job, index)` of this process.

    Raises:
        ValueError: when there is neither, or what is there makes no sense.
    """
    if os.environ.get("TF_CONFIG", "").strip():
        return read_tf_config(os.environ["TF_CONFIG"])
    if "SLURM_PROCID" in os.environ:
        return read_slurm()
    raise ValueError(
        "The strategy 'multi_worker' needs to know the workers: set the environment variable "
        f"TF_CONFIG on each of them, such as TF_CONFIG='{_EXAMPLE}', or start the program with "
        "Slurm's srun. Received: neither TF_CONFIG nor SLURM_PROCID."
    )


def read_tf_config(text: str) -> tuple[dict[str, list[str]], tuple[str, int]]:
    """Reads and checks a TF_CONFIG.

    Args:
        text: its JSON, with "cluster" and "task".

    Returns:
        `(jobs, task)` as `find_cluster`.

    Raises:
        ValueError: for anything that TensorFlow would trip over later, or wait on for ever.
    """
    try:
        config = json.loads(text)
        jobs, task = config["cluster"], config["task"]
        job, index = str(task["type"]), int(task["index"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise _wrong(f"It must be JSON with `cluster` and `task` ({error!r}).", text) from error
    if not isinstance(jobs, dict) or not jobs or set(jobs) - set(_JOBS):
        raise _wrong("`cluster` may hold the jobs 'chief' and 'worker'.", text)
    if not all(isinstance(addresses, list) for addresses in jobs.values()):
        raise _wrong("Each job must be a list of addresses 'host:port'.", text)
    addresses = [address for addresses in jobs.values() for address in addresses]
    wrong = [address for address in addresses if not _is_address(address)]
    if wrong or len(set(addresses)) != len(addresses):
        raise _wrong("Every worker needs an address 'host:port' of its own.", text)
    if job not in jobs or not 0 <= index < len(jobs[job]):
        raise _wrong("`task` must name one of the workers in `cluster`, counted from 0.", text)
    return jobs, (job, index)


def _is_address(address):
    host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
    return bool(host) and port.isascii() and port.isdigit() and 0 < int(port) < 65536


def _wrong(what, text):
    return ValueError(
        f"TF_CONFIG is wrong. {what} Expected for instance {_EXAMPLE}. Received: {text}"
    )


def read_slurm() -> tuple[dict[str, list[str]], tuple[str, int]]:
    """Reads the cluster from the environment that `srun` gives each of its tasks.

    Returns:
        `(jobs, task)` as `find_cluster`; the ports are 8888 and up.

    Raises:
        ValueError: outside a job step, and when the order of the hosts is not that of the ranks.
    """
    try:
        # GPUs are counted by TensorFlow: the resolver would share them out anew, and needs one.
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            gpus_per_node=int(os.environ.get("SLURM_STEP_NUM_TASKS", 1)),
            gpus_per_task=1,
            auto_set_gpu=False,
        )
        jobs = resolver.cluster_spec().as_dict()
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            f"The strategy 'multi_worker' must run inside a Slurm job step: use srun. {error}"
        ) from error
    task = resolver.get_task_info()
    host = jobs[task[0]][task[1]].rpartition(":")[0]
    here = os.environ.get("SLURMD_NODENAME", host)
    if host != here:
        raise ValueError(
            f"Slurm runs task {task[1]} on {here}, but TensorFlow's SlurmClusterResolver, which "
            f"sorts the hosts by name, places it on {host}. Ask for nodes whose names sort in "
            "their order, or set TF_CONFIG."
        )
    return jobs, task


def ranked(jobs: dict[str, list[str]], task: tuple[str, int]) -> tuple[list[str], int]:
    """Returns `(addresses, rank)`: all workers in TensorFlow's order, the chief first."""
    order = [(job, index) for job in _JOBS for index in range(len(jobs.get(job, ())))]
    return [jobs[job][index] for job, index in order], order.index(tuple(task))
