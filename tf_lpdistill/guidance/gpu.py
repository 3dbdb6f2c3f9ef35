"""What a GPU has left, by NVIDIA's tool and by TensorFlow."""

import subprocess

import tensorflow as tf

_SECONDS = 20
_MIB = 2**20
_COMMAND = ("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits")


def free_gpu_memory() -> int | None:
    """Returns the bytes that this program may still use on the visible GPU that has the least left.

    The memory of the GPU, or the limit that the program has set itself, less what TensorFlow uses.
    TensorFlow takes nearly all of a GPU when it starts, so that what the driver calls free says
    nothing; what other programs have taken is not seen, and the figure is the most there can be.

    Returns:
        int; None where it is not known: no GPU or no tool of NVIDIA's, a part of a GPU (MIG), a GPU
        split into several devices.
    """
    devices = tf.config.get_visible_devices("GPU")
    names = [device.name for device in tf.config.list_logical_devices("GPU")]
    if not names or len(names) != len(devices):
        return None
    totals = _totals()
    free = [_free(*pair, totals) for pair in zip(devices, names, strict=True)]
    return None if None in free else min(free)


def _free(device, name, totals):
    settings = tf.config.get_logical_device_configuration(device)
    limit = settings[0].memory_limit if settings else None
    details = tf.config.experimental.get_device_details(device)
    total = totals.get(details.get("device_name")) if limit is None else int(limit * _MIB)
    try:
        used = tf.config.experimental.get_memory_info(name)["current"]
    except ValueError:  # an allocator that does not count
        return None
    return None if total is None else max(total - used, 0)


def _totals():
    """{name of a GPU: its bytes}, of equal names the least; by name, as orders may differ."""
    try:
        done = subprocess.run(
            _COMMAND, capture_output=True, text=True, timeout=_SECONDS, check=True
        )
        rows = [line.rsplit(",", 1) for line in done.stdout.splitlines()]
        found = [(name.strip(), int(mib) * _MIB) for name, mib in rows]
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
    return {name: size for name, size in sorted(found, key=lambda row: -row[1])}
