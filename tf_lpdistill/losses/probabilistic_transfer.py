"""PKT: the student's neighbours are as probable as the teacher's."""

import keras
from keras import ops

from tf_lpdistill.losses.relational import RelationalLoss, row_weight
from tf_lpdistill.ops import cosine_similarities
from tf_lpdistill.types import Tensor

# Added to both probabilities inside the logarithm, as in the authors' code.
EPSILON = 1e-7


def probabilistic_transfer(
    teacher_features: Tensor, student_features: Tensor, sample_weight: Tensor | None = None
) -> Tensor:
    """`(1/b^2) sum_ij p_ij log(p_ij / q_ij)`, p the teacher's and q the student's probabilities.

    Args:
        teacher_features: (b, d_T) float32.
        student_features: (b, d_S) float32.
        sample_weight: (b,) float32 or None. Sample i weights its own distribution p_i; samples of
            weight 0 are in nobody's distribution.

    Returns:
        Scalar float32.
    """
    weight = row_weight(sample_weight, student_features)
    teacher = _probabilities(teacher_features, weight > 0.0)
    student = _probabilities(student_features, weight > 0.0)
    log_ratio = ops.log((teacher + EPSILON) / (student + EPSILON))
    return ops.mean(ops.maximum(weight, 0.0)[:, None] * teacher * log_ratio)


def _probabilities(vectors, valid):
    """`K_ij / sum_k K_ik` with `K = (cos + 1) / 2`."""
    kernel = ops.maximum(0.5 * (cosine_similarities(vectors) + 1.0), 0.0)
    kernel = ops.where(valid[None, :], kernel, 0.0)
    total = ops.sum(kernel, axis=1, keepdims=True)
    return kernel / ops.where(total > 0.0, total, 1.0)


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class ProbabilisticTransfer(RelationalLoss):
    """Probabilistic knowledge transfer (PKT): conditional probabilities of neighbours agree.

    In a batch of b samples the cosines of the flattened features give each sample a distribution
    over the batch, for the teacher (p) and the student (q),

        K_ij = (cos(f_i, f_j) + 1) / 2,    p_ij = K_ij / sum_k K_ik

    and the loss is the mean of the divergence's terms, (1/b^2) sum_ij p_ij log(p_ij / q_ij): the
    mean over samples of KL(p_i || q_i), divided by b once more, so that it falls like 1/b. The
    public default weight of 30000 is for this mean, at batches of 64. Multiply by b for the
    divergence itself.

    It adds no parameters, and does not depend on the width of the features or on the length of any
    of them. As in the authors' code, the kernel is the cosine, a sample is among its own
    neighbours, and 1e-7 is added to p and q inside the logarithm.

    Args:
        teacher_layer_name: the teacher's feature; None for its output.
        student_layer_name: the student's feature; None for its output.
        name: name of the term in the logs.

    Raises:
        ValueError: for unequal numbers of teacher and student samples.

    Reference: Passalis, Tefas, Learning Deep Representations with Probabilistic Knowledge Transfer,
    ECCV 2018 (https://arxiv.org/abs/1803.10837).

    Examples:
        >>> loss = ProbabilisticTransfer("features", "embedding")
        >>> teacher = keras.ops.array([[1.0, 0.0], [0.0, 1.0]])  # K 1 and 1/2: p 2/3 and 1/3
        >>> student = keras.ops.array([[1.0], [5.0]])  # the same direction: q 1/2 and 1/2
        >>> round(float(loss.compute_loss(teacher, student)), 4)
        0.0283
    """

    def compare(
        self, teacher: Tensor, student: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """See `probabilistic_transfer`."""
        return probabilistic_transfer(teacher, student, sample_weight)
