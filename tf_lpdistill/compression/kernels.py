"""What compression won, counted in the kernels."""

import keras
import numpy as np

from tf_lpdistill.compression.rebuild import layers_by_path


def describe_kernels(student: keras.Model) -> dict[str, int | float]:
    """Counts zeros and distinct values.

    Args:
        student: a built Functional or Sequential `keras.Model`.

    Returns:
        `{"parameters": int, "zeros": float, "values": int}`: all parameters; the share of zeros in
        all kernels; the most distinct values in one kernel. Depthwise kernels, which pruning and
        clustering leave as they are, do not count.
    """
    kernels = [
        weight.numpy()
        for layer in layers_by_path(student).values()
        if "Depthwise" not in type(layer).__name__
        for weight in layer.weights
        if weight.name in ("kernel", "pointwise_kernel")
    ]
    size = sum(kernel.size for kernel in kernels)
    return {
        "parameters": student.count_params(),
        "zeros": sum(int((kernel == 0).sum()) for kernel in kernels) / max(size, 1),
        "values": max((len(np.unique(kernel)) for kernel in kernels), default=0),
    }
