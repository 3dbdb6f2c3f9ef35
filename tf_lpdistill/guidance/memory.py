"""A rough estimate of a training step's memory, beside what computer or GPU has."""

import math
import pathlib
from collections.abc import Iterator

import keras
import tensorflow as tf

from tf_lpdistill.guidance.evidence import RELATIONAL, Evidence
from tf_lpdistill.guidance.finding import Finding
from tf_lpdistill.guidance.gpu import free_gpu_memory
from tf_lpdistill.guidance.layers import feature_layers
from tf_lpdistill.types import PathLike

_FLOAT = 4  # bytes of a weight, and of what a loss computes
_COPIES = 4  # of each trained number: itself, its gradient, and two moments of Adam
_PAIR_MATRICES = 4  # (batch, batch) matrices that a relational loss holds at a time
_SAFE = 0.8  # of the free memory: an estimate this rough must leave room


def look_at_memory(evidence: Evidence, **paths: str) -> Iterator[Finding]:
    """Yields the estimate: a note, or a warning when it does not fit.

    Where a GPU is visible it is the GPU's memory that counts, each replica's share on its own.

    Args:
        evidence: `Evidence`.
        **paths: of `free_memory`.
    """
    if tf.config.list_logical_devices("GPU"):
        replicas = evidence.distiller.distribute_strategy.num_replicas_in_sync
        free, place, most = free_gpu_memory(), " on each GPU", "at most "
    else:  # replicas on the processor have the same memory
        replicas, free, place, most = 1, free_memory(**paths), "", ""
    needed = step_memory(evidence, replicas)
    seen = f"A training step wants about {_size(needed)} of memory{place}"
    if free is not None:
        seen += f"; {most}{_size(free)} are free."
    if free is None:
        yield Finding(
            "memory", "note", f"{seen}; what the device has free is not known here.", "", ""
        )
    elif needed <= _SAFE * free:
        yield Finding("memory", "note", seen, "", "")
    else:
        yield Finding(
            "memory",
            "warning",
            seen,
            "The process may be killed, or run out of memory, in its first steps.",
            "Use a smaller batch, keras.config.set_dtype_policy('mixed_bfloat16'), or a "
            "TeacherCache in the place of the teacher.",
        )


def step_memory(evidence: Evidence, replicas: int = 1) -> int:
    """Estimates the bytes of a training step on one device.

    The student's outputs of all layers and their gradients, the two largest outputs of the teacher,
    weights with gradients and moments, and the matrices of relational losses; not what a
    convolution needs inside.

    Args:
        evidence: `Evidence`.
        replicas: devices that share the batch.

    Returns:
        int. Models whose layers cannot be looked into count with their weights alone.
    """
    distiller, batch = evidence.distiller, -(-evidence.batch_size // replicas)
    trained = sum(math.prod(v.shape) for v in distiller.trainable_variables)
    student = sum(map(math.prod, feature_layers(distiller.student).values()))
    total = _FLOAT * _COPIES * trained + _width(distiller.student) * 2 * batch * student
    for teacher in evidence.teachers.values():
        if teacher.model is not None:
            largest = sorted(map(math.prod, feature_layers(teacher.model).values()))[-2:]
            total += _FLOAT * teacher.model.count_params()
            total += _width(teacher.model) * batch * sum(largest)
    for term in evidence.terms:
        tensors = keras.tree.flatten(term.select(*evidence.outputs))
        total += sum(_FLOAT * math.prod(tensor.shape) for tensor in tensors)
        if isinstance(term.loss, RELATIONAL):
            total += _FLOAT * _PAIR_MATRICES * batch**2
    return int(total)


def _width(model):
    """Bytes of each number that a model computes: 2 under mixed precision."""
    return tf.as_dtype(model.compute_dtype).size


def free_memory(
    meminfo: PathLike = "/proc/meminfo", cgroup: PathLike = "/sys/fs/cgroup"
) -> int | None:
    """Returns the bytes that a program may still take without swapping; None off Linux.

    Args:
        meminfo: the kernel's table of the computer.
        cgroup: the folder (version 2) with the limit of the container, where there is one.
    """
    known = (_available(pathlib.Path(meminfo)), _below_limit(pathlib.Path(cgroup)))
    return min((free for free in known if free is not None), default=None)


def _available(table):
    lines = table.read_text(encoding="ascii").splitlines() if table.exists() else []
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return found[0] if found else None


def _below_limit(folder):
    limit, used = folder / "memory.max", folder / "memory.current"
    if not (limit.exists() and used.exists()) or limit.read_text().strip() == "max":
        return None
    return max(int(limit.read_text()) - int(used.read_text()) + _cached(folder), 0)


def _cached(folder):
    """Bytes of files in memory that the kernel drops when a program wants room."""
    table = folder / "memory.stat"
    lines = table.read_text().splitlines() if table.exists() else []
    return sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))


def _size(count):
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"
