"""Multi-teacher triplets: what the teachers find nearer is nearer for the student too."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tf_lpdistill.losses.arguments import by_teacher, check_max_triplets, check_not_negative
from tf_lpdistill.losses.relational import (
    RelationalLoss,
    choose_vertices,
    relative_distances,
    row_weight,
    triplet_weight,
)
from tf_lpdistill.ops import DISTANCE_FLOOR, center, squared_distances, unit_scale
from tf_lpdistill.types import LayerNames, Structure, Tensor

# Votes whose weights add up to less than this are a tie: 0.1 + 0.2 against 0.3 is one.
_TIE = 1e-6


def relative_dissimilarity(
    teacher_features: Tensor | tuple[Tensor, ...],
    student_features: Tensor,
    margin: float = 0.1,
    max_triplets: int = 2**21,
    sample_weight: Tensor | None = None,
    teacher_weights: Sequence[float] | None = None,
) -> Tensor:
    """`mean_ijk max(0, d_S(i, j) - d_S(i, k) + margin)`, j voted nearer to i than k.

    Args:
        teacher_features: (n, d_T) float32; or a tuple of such, one a teacher.
        student_features: (n, d_S) float32.
        margin: of the hinge, in mean distances of the student.
        max_triplets: bound of the number of triplets; see `RelativeDissimilarity`.
        sample_weight: (n,) float32 or None. A triplet counts the cube root of w_i w_j w_k; those
            with a sample of weight 0 are left out of the mean.
        teacher_weights: a float for each teacher, with sum 1; None: all the same.

    Returns:
        Scalar float32; 0 where no triplet is decided.
    """
    weight = row_weight(sample_weight, student_features)
    valid = weight > 0.0
    shares, features = zip(*by_teacher(teacher_features, teacher_weights), strict=True)
    spaces = [center(unit_scale(vectors), valid) for vectors in features]
    vertices = choose_vertices(spaces, valid, max_triplets)
    votes = sum(
        share * _votes(centered, vertices) for share, centered in zip(shares, spaces, strict=True)
    )
    decided = (votes > _TIE) & _different(vertices, valid)
    distances = ops.take(relative_distances(student_features, valid), vertices, axis=0)
    hinge = ops.relu(distances[:, :, None] - distances[:, None, :] + margin)
    total = ops.sum(ops.where(decided, triplet_weight(weight, vertices) * hinge, 0.0))
    return total / ops.maximum(ops.sum(ops.cast(decided, "float32")), 1.0)


def _votes(centered, vertices):
    """(v, n, n) float32: 1 where j is nearer to i than k is, -1 where k is, 0 for a tie.

    Distances that float32 cannot tell apart are a tie.
    """
    squared_norms = ops.sum(ops.square(centered), axis=1)
    noise = DISTANCE_FLOOR * (ops.take(squared_norms, vertices)[:, None] + squared_norms[None, :])
    distances = ops.take(squared_distances(centered), vertices, axis=0)
    nearer = (distances + noise)[:, :, None] < (distances - noise)[:, None, :]
    nearer = ops.cast(nearer, "float32")
    return nearer - ops.transpose(nearer, (0, 2, 1))


def _different(vertices, valid):
    """(v, n, n) bool: whether j and k are not i, and all three count."""
    samples = ops.arange(ops.shape(valid)[0], dtype="int32")
    others = (vertices[:, None] != samples[None, :]) & valid[None, :]
    others = others & ops.take(valid, vertices)[:, None]
    return others[:, :, None] & others[:, None, :]


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class RelativeDissimilarity(RelationalLoss):
    """Learning from multiple teachers: the order of distances that the teachers vote for.

    For samples i, j, k of a batch each teacher says which of j and k is nearer to i, by the
    Euclidean distance of its features. The teachers' weights are added up for either; a teacher
    that finds them equally far abstains, and a tied vote leaves the triplet out. The student's
    distances d, divided by the mean of those that are positive, are to have the same order:

        mean over the decided triplets of max(0, d(i, near) - d(i, far) + margin)

    Only the order counts, so the teachers may have features of any widths and scales. One teacher
    decides alone. It adds no parameters. The first part of the paper's method, learning from the
    teachers' averaged softened outputs, is `SoftTarget`.

    Readings: the published form is not known to us in full. That teachers vote on the order of
    relative dissimilarities is the paper's; the hinge, the scaling by the mean distance, the
    default margin, the mean over all decided triplets and the weights of the teachers in the vote
    are ours.

    At most `max_triplets` triplets are formed, as in `RelationalAngle`: the default is all of a
    batch of 128; larger batches use fewer vertices i, at least one, spread evenly over the samples
    in the order of their distance from the middle of the teachers' features.

    Args:
        teacher_layer_name: the teacher's feature; None for its output. Of a `TeacherEnsemble`: that
            of every teacher, of one, or a tuple of one of each.
        student_layer_name: the student's feature; None for its output.
        margin: of the hinge, in mean distances of the student; not negative.
        max_triplets: bound of the number of triplets, a positive int.
        name: name of the term in the logs.

    Raises:
        ValueError: when `margin` or `max_triplets` are not such; for unequal numbers of teacher and
            student samples.

    Reference: You, Xu, Xu, Tao, Learning from Multiple Teacher Networks, KDD 2017
    (https://doi.org/10.1145/3097983.3098135).

    Examples:
        >>> loss = RelativeDissimilarity("features", "embedding", margin=0.0)
        >>> near = keras.ops.array([[0.0], [1.0], [3.0]])
        >>> also = keras.ops.array([[0.0, 0.0], [0.0, 2.0], [0.0, 5.0]])
        >>> float(loss.compute_loss((near, also), -7.0 * near))  # the order of both teachers
        0.0
    """

    several_teachers = True

    def __init__(
        self,
        teacher_layer_name: LayerNames = None,
        student_layer_name: LayerNames = None,
        *,
        margin: float = 0.1,
        max_triplets: int = 2**21,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        self.margin = check_not_negative("margin", margin)
        self.max_triplets = check_max_triplets(max_triplets)

    def compute_loss(
        self,
        teacher_outputs: Tensor | tuple[Tensor, ...],
        student_outputs: Tensor,
        y: Structure = None,
        sample_weight: Tensor | None = None,
        teacher_weights: Sequence[float] | None = None,
    ) -> Tensor:
        """Gathers the global batch and compares; see the class."""
        features = self.prepare(teacher_outputs, student_outputs, sample_weight)
        return self.compare(*features, teacher_weights)

    def compare(
        self,
        teacher: Tensor | tuple[Tensor, ...],
        student: Tensor,
        sample_weight: Tensor | None = None,
        teacher_weights: Sequence[float] | None = None,
    ) -> Tensor:
        """See `relative_dissimilarity`."""
        return relative_dissimilarity(
            teacher, student, self.margin, self.max_triplets, sample_weight, teacher_weights
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        return {**super().get_config(), "margin": self.margin, "max_triplets": self.max_triplets}
