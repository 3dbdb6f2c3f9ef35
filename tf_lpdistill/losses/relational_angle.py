"""RKD-A: the angles between the student's samples are the teacher's."""

from typing import Any

import keras
from keras import ops

from tf_lpdistill.losses.arguments import check_max_triplets
from tf_lpdistill.losses.relational import (
    RelationalLoss,
    choose_vertices,
    row_weight,
    triplet_weight,
)
from tf_lpdistill.ops import center, huber, squared_distances, unit_scale
from tf_lpdistill.types import Tensor


def relational_angle(
    teacher_features: Tensor,
    student_features: Tensor,
    max_triplets: int = 2**21,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """`mean_ijk Huber(cos_T(i, j, k) - cos_S(i, j, k))`, cos the angle at vertex i.

    Args:
        teacher_features: (b, d_T) float32.
        student_features: (b, d_S) float32.
        max_triplets: bound of the number of triplets; see `RelationalAngle`.
        sample_weight: (b,) float32 or None. A triplet counts the cube root of w_i w_j w_k.

    Returns:
        Scalar float32.
    """
    weight = row_weight(sample_weight, student_features)
    teacher = center(unit_scale(teacher_features), weight > 0.0)
    student = center(unit_scale(student_features), weight > 0.0)
    vertices = choose_vertices([teacher], weight > 0.0, max_triplets)
    difference = _cosines(teacher, vertices) - _cosines(student, vertices)
    return ops.mean(triplet_weight(weight, vertices) * huber(difference))


def _cosines(centered, vertices):
    """(v, b, b) cosines of the angles between j and k seen from i, by the law of cosines.

    0 where j or k is equal to i.
    """
    squared = squared_distances(centered)
    from_vertex = ops.take(squared, vertices, axis=0)
    apart = from_vertex > 0.0
    inverse = ops.where(apart, ops.rsqrt(ops.where(apart, from_vertex, 1.0)), 0.0)
    sides = from_vertex[:, :, None] + from_vertex[:, None, :] - squared[None, :, :]
    return 0.5 * sides * inverse[:, :, None] * inverse[:, None, :]


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class RelationalAngle(RelationalLoss):
    """Relational knowledge distillation, angles (RKD-A).

    With `cos(i, j, k)` the cosine of the angle at f_i between f_j - f_i and f_k - f_i, 0 where one
    of them is 0, and Huber's h(x) = x^2 / 2 up to |x| = 1 and |x| - 1/2 beyond,

        (1/b^3) sum_ijk h(cos_T(i, j, k) - cos_S(i, j, k))

    The mean runs over all b^3 triplets, degenerate ones included, as in the authors' code. It adds
    no parameters, and does not depend on the width or scale of the features. The public default is
    a weight of 50 here beside 25 for `RelationalDistance`.

    The cosines come from the b^2 distances by the law of cosines, so the cost is O(b^2 d + b^3) and
    not O(b^3 d), and no (b, b, d) differences are stored. At most `max_triplets` triplets are
    formed: the default is all of a batch of 128, 8 MiB for each tensor of that size and about
    100 MiB in all with the gradient. Larger batches use as many vertices i as fit, at least one,
    each with all its pairs: 32 vertices at b = 256, 2 at b = 1024. That is our addition to the
    paper; the vertices are spread evenly over the teacher's samples in the order of their distance
    from the middle of the batch.

    Args:
        teacher_layer_name: the teacher's feature; None for its output.
        student_layer_name: the student's feature; None for its output.
        max_triplets: bound of the number of triplets, a positive int.
        name: name of the term in the logs.

    Raises:
        ValueError: when `max_triplets` is not a positive int; for unequal numbers of teacher and
            student samples.

    Reference: Park, Kim, Lu, Cho, Relational Knowledge Distillation, CVPR 2019
    (https://arxiv.org/abs/1904.05068), the angle-wise loss, Eqs. 9 and 10.

    Examples:
        >>> loss = RelationalAngle("features", "embedding")
        >>> teacher = keras.ops.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> moved = 3.0 * teacher + 1.0  # moved and scaled: the same angles
        >>> round(float(loss.compute_loss(teacher, moved)), 6)
        0.0
    """

    def __init__(
        self,
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        *,
        max_triplets: int = 2**21,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        self.max_triplets = check_max_triplets(max_triplets)

    def compare(
        self, teacher: Tensor, student: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """See `relational_angle`."""
        return relational_angle(teacher, student, self.max_triplets, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        return {**super().get_config(), "max_triplets": self.max_triplets}
