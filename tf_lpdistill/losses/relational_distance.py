"""RKD-D: the student's distances within a batch are the teacher's, up to one scale."""

import keras
from keras import ops

from tf_lpdistill.losses.relational import (
    RelationalLoss,
    pair_weight,
    relative_distances,
    row_weight,
)
from tf_lpdistill.ops import huber
from tf_lpdistill.types import Tensor


def relational_distance(
    teacher_features: Tensor, student_features: Tensor, sample_weight: Tensor | None = None
) -> Tensor:
    """`mean_ij Huber(d_T(i, j) / mean d_T - d_S(i, j) / mean d_S)`.

    Args:
        teacher_features: (b, d_T) float32.
        student_features: (b, d_S) float32.
        sample_weight: (b,) float32 or None. A pair counts sqrt(w_i w_j); samples of weight 0 are
            left out of the mean distances.

    Returns:
        Scalar float32.
    """
    weight = row_weight(sample_weight, student_features)
    teacher = relative_distances(teacher_features, weight > 0.0)
    student = relative_distances(student_features, weight > 0.0)
    return ops.mean(pair_weight(weight) * huber(teacher - student))


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class RelationalDistance(RelationalLoss):
    """Relational knowledge distillation, distances (RKD-D).

    With the Euclidean distances d of all pairs in a batch of b samples, mu the mean of those that
    are positive, and Huber's h(x) = x^2 / 2 up to |x| = 1 and |x| - 1/2 beyond,

        (1/b^2) sum_ij h(d_T(i, j) / mu_T - d_S(i, j) / mu_S)

    The mean runs over all b^2 entries, the zero diagonal included, as in the authors' code. It adds
    no parameters, and does not depend on the width or scale of the features. The public default is
    a weight of 25 here beside 50 for `RelationalAngle`.

    Distances that float32 cannot tell from 0 (see `ops.squared_distances`) are 0: their gradient is
    0 where public code has NaN or noise.

    Args:
        teacher_layer_name: the teacher's feature; None for its output.
        student_layer_name: the student's feature; None for its output.
        name: name of the term in the logs.

    Raises:
        ValueError: for unequal numbers of teacher and student samples.

    Reference: Park, Kim, Lu, Cho, Relational Knowledge Distillation, CVPR 2019
    (https://arxiv.org/abs/1904.05068), the distance-wise loss, Eqs. 5 to 8.

    Examples:
        >>> loss = RelationalDistance("features", "embedding")
        >>> teacher = keras.ops.array([[0.0], [1.0], [2.0]])  # distances 1, 1, 2: mean 4/3
        >>> student = keras.ops.array([[0.0, 0.0], [0.0, 3.0], [0.0, 6.0]])
        >>> float(loss.compute_loss(teacher, student))  # the same up to the scale
        0.0
    """

    def compare(
        self, teacher: Tensor, student: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """See `relational_distance`."""
        return relational_distance(teacher, student, sample_weight)
