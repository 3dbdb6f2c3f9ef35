"""RDL: samples are as far apart for the student as for the teacher."""

import keras
from keras import ops

from tf_lpdistill.losses.relational import RelationalLoss, pair_weight, row_weight
from tf_lpdistill.ops import center, safe_sqrt, squared_distances
from tf_lpdistill.types import Structure, Tensor


def pairwise_distance(
    teacher_features: Tensor, student_features: Tensor, sample_weight: Tensor | None = None
) -> Tensor:
    """`mean_{i != j} (d_S(i, j) - d_T(i, j))^2` with `d(i, j) = |f_i - f_j| / sqrt(width)`.

    Args:
        teacher_features: (n, d_T), any float dtype; no gradient.
        student_features: (n, d_S), any float dtype.
        sample_weight: (n,) float32 or None. A pair counts sqrt(w_i w_j).

    Returns:
        Scalar float32; 0 for a batch of one.
    """
    weight = row_weight(sample_weight, student_features)
    teacher = distance_matrix(ops.stop_gradient(teacher_features), weight > 0.0)
    difference = distance_matrix(student_features, weight > 0.0) - teacher
    samples = ops.cast(ops.shape(difference)[0], "float32")
    pairs = ops.maximum(samples * (samples - 1.0), 1.0)
    return ops.sum(pair_weight(weight) * ops.square(difference)) / pairs


def distance_matrix(features: Tensor, valid: Tensor | None = None) -> Tensor:
    """`|f_i - f_j| / sqrt(width)`: the root mean squared difference of the entries.

    Args:
        features: (n, ...), any float dtype; flattened.
        valid: (n,) bool, or None; what the rows where it is False are apart is of no use.

    Returns:
        (n, n) float32, symmetric, zero on the diagonal.
    """
    centered = center(features, valid)
    return safe_sqrt(squared_distances(centered) / centered.shape[1])


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class PairwiseDistance(RelationalLoss):
    """Representational distance learning (RDL): the mean squared difference of distances.

        mean_{i != j} (d_S(i, j) - d_T(i, j))^2    with    d(i, j) = |f_i - f_j| / sqrt(width)

    over all pairs of different samples in the batch of all replicas. Teacher and student features
    may have any shapes; maps are flattened. The distances themselves are matched, so the student
    also takes on the teacher's scale, which `RelationalDistance` leaves open.

    Readings: the paper matches the matrices of pairwise distances on stochastic pairs of samples;
    which distance and which weights it takes is not known to us. Here the pairs are all those of a
    batch, and the distance is the Euclidean one divided by sqrt(width), which keeps value and
    weight independent of the widths.

    Args:
        teacher_layer_name: the teacher's feature; None for its output.
        student_layer_name: the student's feature; None for its output.
        name: name of the term in the logs.

    Raises:
        ValueError: before training, for a batch of one, features that are not finite, or batch
            sizes that differ.

    Reference: McClure, Kriegeskorte, Representational Distance Learning for Deep Neural Networks,
    Frontiers in Computational Neuroscience 2016 (https://arxiv.org/abs/1511.03979).

    Examples:
        >>> teacher = keras.ops.array([[0.0], [3.0]])
        >>> student = keras.ops.array([[1.0, 1.0], [2.0, 2.0]])
        >>> round(float(PairwiseDistance().compute_loss(teacher, student)), 4)  # (1 - 3)^2
        4.0
    """

    def compare(
        self, teacher: Tensor, student: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """See `pairwise_distance`."""
        return pairwise_distance(teacher, student, sample_weight)

    def check(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_id: Tensor | None = None,
    ) -> None:
        """Refuses a first batch without pairs."""
        if teacher_outputs.shape[0] < 2:
            raise ValueError(
                f"{self.name}: a batch must hold two samples or more, since pairs are compared. "
                f"Received: a batch of {teacher_outputs.shape[0]}."
            )
