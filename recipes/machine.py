"""What the numbers of a run depend on beside its flags: versions and hardware."""

import os
import platform

import keras
import tensorflow as tf

import tf_lpdistill


def versions():
    """Versions of what the numbers of a run depend on."""
    return {
        "tf_lpdistill": tf_lpdistill.__version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "python": platform.python_version(),
    }


def hardware():
    """The computer in words: processor, cores, GPUs."""
    gpus = len(tf.config.list_physical_devices("GPU"))
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            models = [line.split(":")[1].strip() for line in info if line.startswith("model name")]
        name = models[0] if models else name
    return f"{name}, {os.cpu_count()} cores" + (f", {gpus} GPUs" if gpus else "")
