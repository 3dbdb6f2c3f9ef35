"""`cluster`: the weights of a kernel share few values while the student learns on."""

from collections.abc import Callable

import keras
import tensorflow as tf

from tf_lpdistill.compression.copies import float32_copy
from tf_lpdistill.compression.preflight import preflight
from tf_lpdistill.compression.training import Training
from tf_lpdistill.types import PathLike, Tensor


def cluster(
    student: keras.Model,
    dataset: tf.data.Dataset,
    objective: Callable[..., Tensor] | None = None,
    *,
    num_clusters: int = 16,
    preserve_sparsity: bool = False,
    epochs: int = 5,
    steps_per_epoch: int | None = None,
    learning_rate: float = 1e-3,
    checkpoint_dir: PathLike | None = None,
    verbose: int = 1,
) -> keras.Model:
    """Lets the weights of each kernel share a few values, which are trained.

    The values begin as the centres that k-means++ finds. Few values make the zipped file smaller;
    the file itself and its speed stay as they are. Kernels of depthwise convolutions, and those
    with no more weights than `num_clusters`, stay as they are.

    Args:
        student: as for `prune`.
        dataset: as for `prune`.
        objective: as for `prune`.
        num_clusters: distinct values in each kernel, >= 3.
        preserve_sparsity: whether weights that are zero stay zero: after `prune`.
        epochs: number of epochs.
        steps_per_epoch: as for `prune`.
        learning_rate: of Adam, at the start; it falls to 0 along a half cosine.
        checkpoint_dir: as for `prune`.
        verbose: as for `prune`.

    Returns:
        A `keras.Model` of the same layers, in float32, not compiled, with at most `num_clusters`
        distinct values in a kernel.

    Raises:
        ImportError: without tensorflow-model-optimization and tf_keras.
        ValueError: as for `prune`.

    Reference: Han et al. 2015, https://arxiv.org/abs/1510.00149, section 3.
    """
    if type(num_clusters) is not int or num_clusters < 3:
        raise ValueError(
            f"`num_clusters` must be an integer >= 3. Received: num_clusters={num_clusters!r}"
        )
    preflight(student, "cluster")
    training = Training(
        dataset, objective, epochs, steps_per_epoch, learning_rate, checkpoint_dir, verbose
    )
    from tf_lpdistill.compression._tfmot import bridge, clustering

    clustered = float32_copy(student)
    bridged = bridge.cross(clustered, training)
    clustering.cluster(bridged, training, num_clusters, preserve_sparsity)
    return clustered
