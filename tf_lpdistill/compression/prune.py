"""`prune`: the smallest weights become zero while the student learns on."""

from collections.abc import Callable

import keras
import tensorflow as tf

from tf_lpdistill.compression.copies import float32_copy
from tf_lpdistill.compression.preflight import preflight
from tf_lpdistill.compression.training import Training
from tf_lpdistill.types import PathLike, Tensor


def prune(
    student: keras.Model,
    dataset: tf.data.Dataset,
    objective: Callable[..., Tensor] | None = None,
    *,
    sparsity: float = 0.5,
    epochs: int = 5,
    steps_per_epoch: int | None = None,
    learning_rate: float = 1e-3,
    checkpoint_dir: PathLike | None = None,
    verbose: int = 1,
) -> keras.Model:
    """Sets the smallest weights of each kernel to zero, more and more while the student trains.

    The share of zeros rises along a cubic polynomial (Zhu and Gupta 2017, section 3) over the first
    three quarters of the steps. Zeros make the zipped file smaller; the file itself and its speed
    stay as they are. Kernels of depthwise convolutions stay whole. Regularisers of the student are
    not applied.

    Args:
        student: a built Functional or Sequential `keras.Model`, one input and one output; it is not
            changed.
        dataset: a batched `tf.data.Dataset` of `(x, y)` or `(x, y, sample_weight)`, as the
            student was trained on.
        objective: function `(x, y, student_features, sample_weight=None) -> scalar`, where
            `student_features` is `(predictions, {layer name: tensor})` with the layers in its
            attribute `layer_names`, if it has one: `Distiller.objective`, so that the teacher goes
            on teaching. None: the cross-entropy of logits with integer labels.
        sparsity: share of zeros in each kernel at the end, in (0, 1).
        epochs: number of epochs.
        steps_per_epoch: batches an epoch, of data without an end (`data.training_batches`). None:
            all batches of `dataset`.
        learning_rate: of Adam, at the start; it falls to 0 along a half cosine.
        checkpoint_dir: folder of this one run's state after each epoch, from which a killed run
            goes on, and a finished one is not repeated. None keeps nothing.
        verbose: 0 for silence, 1 for a progress bar, 2 for a line an epoch.

    Returns:
        A `keras.Model` of the same layers, in float32, not compiled, with zeros in its kernels.

    Raises:
        ImportError: without tensorflow-model-optimization and tf_keras.
        ValueError: before training, for a student with layers that this cannot go through (all are
            named, see `preflight`) and for wrong arguments.

    Reference: Zhu and Gupta 2017, https://arxiv.org/abs/1710.01878.
    """
    if not 0.0 < sparsity < 1.0:
        raise ValueError(f"`sparsity` must be in (0, 1). Received: sparsity={sparsity}")
    preflight(student, "prune")
    training = Training(
        dataset, objective, epochs, steps_per_epoch, learning_rate, checkpoint_dir, verbose
    )
    from tf_lpdistill.compression._tfmot import bridge, pruning

    pruned = float32_copy(student)
    bridged = bridge.cross(pruned, training)
    pruning.prune(bridged, training, sparsity)
    return pruned
