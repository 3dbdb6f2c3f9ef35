"""CC: the student's correlations within a batch, in a Gaussian kernel, are the teacher's."""

import math
from typing import Any

import keras
from keras import ops

from tf_lpdistill.losses.arguments import check_count, check_positive
from tf_lpdistill.losses.relational import RelationalLoss, pair_weight, row_weight
from tf_lpdistill.ops import cosine_similarities
from tf_lpdistill.types import Tensor


def correlation_congruence(
    teacher_features: Tensor,
    student_features: Tensor,
    gamma: float = 0.4,
    order: int = 2,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """`(1/b^2) |C_S - C_T|_F^2`, C the Taylor series of the Gaussian kernel of unit vectors.

    Args:
        teacher_features: (b, d_T) float32.
        student_features: (b, d_S) float32.
        gamma: of the kernel exp(-gamma |x - y|^2), positive.
        order: P, the last power of the series.
        sample_weight: (b,) float32 or None. A pair counts sqrt(w_i w_j).

    Returns:
        Scalar float32.
    """
    weight = row_weight(sample_weight, student_features)
    teacher = _correlations(teacher_features, gamma, order)
    student = _correlations(student_features, gamma, order)
    return ops.mean(pair_weight(weight) * ops.square(student - teacher))


def _correlations(vectors, gamma, order):
    """`exp(-2 gamma) sum_{p=0..P} (2 gamma)^p / p! cos^p`."""
    cosines = cosine_similarities(vectors)
    # The power 0 is written as 1: the gradient of 0**0 would be NaN.
    series = 1.0 + sum(
        (2.0 * gamma) ** power / math.factorial(power) * cosines**power
        for power in range(1, order + 1)
    )
    return math.exp(-2.0 * gamma) * series


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class CorrelationCongruence(RelationalLoss):
    """Correlation congruence (CC): the batch's kernel matrices agree.

    The flattened features of a batch of b samples are scaled to length 1, where the Gaussian kernel
    is exp(-gamma |x - y|^2) = exp(-2 gamma) exp(2 gamma x.y), and its Taylor series to the order P

        C = exp(-2 gamma) sum_{p=0..P} (2 gamma)^p / p! (x.y)^p

    gives the loss (1/b^2) |C_S - C_T|_F^2. It adds no parameters; teacher and student features may
    have any shapes and lengths.

    This is the published kernel form. RepDistiller's `CC` (weight 0.02) is another loss: products
    of the absolute differences of neighbouring samples.

    Args:
        teacher_layer_name: the teacher's feature; None for its output.
        student_layer_name: the student's feature; None for its output.
        gamma: of the kernel, a positive float.
        order: P, the last power of the series, a positive int (the power 0 alone is a constant).
        name: name of the term in the logs.

    Raises:
        ValueError: when `gamma` is not positive or `order` is not a positive int; for unequal
            numbers of teacher and student samples.

    Reference: Peng et al., Correlation Congruence for Knowledge Distillation, ICCV 2019
    (https://arxiv.org/abs/1904.01802).

    Examples:
        >>> loss = CorrelationCongruence("features", "embedding", gamma=0.5, order=1)
        >>> teacher = keras.ops.array([[1.0, 0.0], [0.0, 1.0]])  # cosine 0
        >>> student = keras.ops.array([[1.0], [5.0]])  # cosine 1: two of four entries differ by 1/e
        >>> round(float(loss.compute_loss(teacher, student)), 4)
        0.0677
    """

    def __init__(
        self,
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        *,
        gamma: float = 0.4,
        order: int = 2,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        self.gamma = check_positive("gamma", gamma)
        self.order = check_count("order", order)

    def compare(
        self, teacher: Tensor, student: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """See `correlation_congruence`."""
        return correlation_congruence(teacher, student, self.gamma, self.order, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        return {**super().get_config(), "gamma": self.gamma, "order": self.order}
