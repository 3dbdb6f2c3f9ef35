"""SP: samples that are alike for the teacher are alike for the student."""

import keras
from keras import ops

from tf_lpdistill.losses.relational import RelationalLoss, pair_weight, row_weight
from tf_lpdistill.ops import l2_normalize, unit_scale
from tf_lpdistill.types import Tensor


def similarity_preserving(
    teacher_features: Tensor, student_features: Tensor, sample_weight: Tensor | None = None
) -> Tensor:
    """`(1/b^2) |rownorm(Q_T Q_T^T) - rownorm(Q_S Q_S^T)|_F^2`.

    Args:
        teacher_features: (b, d_T) float32: Q_T.
        student_features: (b, d_S) float32: Q_S.
        sample_weight: (b,) float32 or None. A pair counts sqrt(w_i w_j); samples of weight 0 are
            left out of the norms of the rows.

    Returns:
        Scalar float32.
    """
    weight = row_weight(sample_weight, student_features)
    teacher = _similarities(teacher_features, weight > 0.0)
    student = _similarities(student_features, weight > 0.0)
    return ops.mean(pair_weight(weight) * ops.square(teacher - student))


def _similarities(vectors, valid):
    """`rownorm(Q Q^T)`, which does not depend on the scale of Q."""
    scaled = unit_scale(vectors)
    products = ops.matmul(scaled, ops.transpose(scaled))
    return l2_normalize(ops.where(valid[None, :], products, 0.0))


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class SimilarityPreserving(RelationalLoss):
    """Similarity preserving distillation (SP): the batch's similarity matrices agree.

    With the flattened features of a batch of b samples as the rows of Q,

        (1/b^2) |G_T - G_S|_F^2,    G = rownorm(Q Q^T)

    where rownorm scales every row to length 1. It adds no parameters; teacher and student features
    may have any shapes. The value does not depend on width or scale; since the rows have length 1,
    it falls like 1/b. The public default weight of 3000 applies as it is, at batches of 64.

    Args:
        teacher_layer_name: the teacher's feature; None for its output.
        student_layer_name: the student's feature; None for its output.
        name: name of the term in the logs.

    Raises:
        ValueError: for unequal numbers of teacher and student samples.

    Reference: Tung, Mori, Similarity-Preserving Knowledge Distillation, ICCV 2019
    (https://arxiv.org/abs/1907.09682), Eq. 4.

    Examples:
        >>> loss = SimilarityPreserving("features", "embedding")
        >>> teacher = keras.ops.array([[1.0, 0.0], [0.0, 1.0]])  # alike only to themselves
        >>> student = keras.ops.array([[1.0], [1.0]])  # all alike: rows (0.71, 0.71)
        >>> round(float(loss.compute_loss(teacher, student)), 4)
        0.2929
    """

    def compare(
        self, teacher: Tensor, student: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """See `similarity_preserving`."""
        return similarity_preserving(teacher, student, sample_weight)
