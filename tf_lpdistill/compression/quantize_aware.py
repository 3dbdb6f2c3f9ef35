"""`quantize_aware`: the student learns to be computed in int8."""

from collections.abc import Callable

import keras
import tensorflow as tf

from tf_lpdistill.compression.copies import float32_copy
from tf_lpdistill.compression.preflight import preflight
from tf_lpdistill.compression.quantized import QuantizedStudent
from tf_lpdistill.compression.rebuild import layers_by_path
from tf_lpdistill.compression.training import Training
from tf_lpdistill.types import PathLike, Tensor


def quantize_aware(
    student: keras.Model,
    dataset: tf.data.Dataset,
    objective: Callable[..., Tensor] | None = None,
    *,
    preserve_sparsity: bool = False,
    preserve_clusters: bool = False,
    epochs: int = 5,
    steps_per_epoch: int | None = None,
    learning_rate: float = 1e-3,
    checkpoint_dir: PathLike | None = None,
    verbose: int = 1,
) -> QuantizedStudent:
    """Trains a student with its weights and activations rounded as int8 rounds them.

    The ranges of the activations are moving averages of what the training sees; gradients pass the
    rounding as if it were not there. After `prune` and `cluster` the flags keep what these won:
    `preserve_sparsity` is PQAT, `preserve_clusters` CQAT, both PCQAT.

    Args:
        student: as for `prune`. Layers that only prepare pixels, at its front, stay in float.
        dataset: as for `prune`.
        objective: as for `prune`.
        preserve_sparsity: whether weights that are zero stay zero.
        preserve_clusters: whether equal weights of an output stay equal: where all outputs of a
            convolution use about as many values, each gets values of its own, as its rounding is
            its own.
        epochs: number of epochs.
        steps_per_epoch: as for `prune`.
        learning_rate: of Adam, at the start; it falls to 0 along a half cosine.
        checkpoint_dir: as for `prune`.
        verbose: as for `prune`.

    Returns:
        A `QuantizedStudent`, which `tflite.export_bundle` takes.

    Raises:
        ImportError: without tensorflow-model-optimization and tf_keras.
        ValueError: as for `prune`, and for a flag with a Conv2DTranspose in the student.

    Reference: Jacob et al. 2017, https://arxiv.org/abs/1712.05877, section 3.
    """
    preflight(student, "quantize_aware")
    if preserve_sparsity or preserve_clusters:
        _check_can_keep(student)
    training = Training(
        dataset, objective, epochs, steps_per_epoch, learning_rate, checkpoint_dir, verbose
    )
    from tf_lpdistill.compression._tfmot import bridge, quantization

    trained = float32_copy(student)
    bridged = bridge.cross(trained, training, for_int8=True)
    emulation = quantization.quantize_aware(bridged, training, preserve_sparsity, preserve_clusters)
    return QuantizedStudent(trained, bridged.front, emulation)


def _check_can_keep(student):
    found = [
        path
        for path, layer in layers_by_path(student).items()
        if type(layer).__name__ == "Conv2DTranspose"
    ]
    if found:
        raise ValueError(
            "quantize_aware cannot keep the zeros and clusters of a Conv2DTranspose. Expected: "
            f"none in the student. Received: {found}. Use UpSampling2D and Conv2D, or leave "
            "`preserve_sparsity` and `preserve_clusters` False."
        )
