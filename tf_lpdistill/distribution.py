"""A `tf.distribute` strategy by its name."""

import tensorflow as tf

STRATEGIES = ("auto", "one_device", "mirrored")


def get_strategy(name="auto"):
    """Makes the strategy that a command line names.

    Models, losses, optimizer and the `Distiller` must be made inside `strategy.scope()`. The batch
    size given to the input pipeline is the global one: replicas share it.

    Args:
        name: "auto": all GPUs where there are several, else one device. "one_device": the first
            GPU, or the CPU. "mirrored": all GPUs, or where there is none all logical CPUs.

    Returns:
        A `tf.distribute.Strategy`; for one device the default strategy, which adds nothing.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in STRATEGIES:
        raise ValueError(f"`strategy` must be one of {STRATEGIES}. Received: strategy={name!r}")
    gpus = tf.config.list_logical_devices("GPU")
    if name == "mirrored":
        devices = gpus or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    if name == "auto" and len(gpus) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()
