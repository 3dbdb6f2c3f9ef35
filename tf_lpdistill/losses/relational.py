"""What the losses share that compare samples of a batch with each other."""

from collections.abc import Sequence

import keras
from keras import ops

from tf_lpdistill.losses.base import Loss
from tf_lpdistill.ops import (
    center,
    flatten,
    gather,
    leave_out,
    safe_sqrt,
    squared_distances,
    unit_scale,
)
from tf_lpdistill.types import Structure, Tensor


class RelationalLoss(Loss):
    """Base of the losses that compare relations between samples, of one batch of all replicas.

    Features are gathered over the replicas, cast to float32 and flattened; rows of weight 0 become
    zero rows, so that nothing in them, not even NaN, reaches the others. A subclass implements
    `compare`.

    Args:
        teacher_layer_name: name of the teacher's feature, None for its output.
        student_layer_name: the same for the student.
        name: name of the term in the logs.
    """

    flattens = True  # False: `compare` sees features as the layers give them

    def compute_loss(
        self,
        teacher_outputs: Structure,
        student_outputs: Structure,
        y: Structure = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """Gathers the global batch and compares; see the class."""
        return self.compare(*self.prepare(teacher_outputs, student_outputs, sample_weight))

    def prepare(
        self,
        teacher_outputs: Structure,
        student_outputs: Structure,
        sample_weight: Tensor | None = None,
    ) -> tuple[Structure, ...]:
        """Makes the arguments of `compare` from those of `compute_loss`."""
        self.check_shapes(teacher_outputs, student_outputs)
        weight = gather(sample_weight)
        if weight is not None:
            weight = ops.reshape(ops.cast(weight, "float32"), (-1,))

        def rows(features):
            features = leave_out(ops.cast(gather(features), "float32"), weight)
            return flatten(features) if self.flattens else features

        teacher = keras.tree.map_structure(ops.stop_gradient, teacher_outputs)
        teacher, student = (
            keras.tree.map_structure(rows, features) for features in (teacher, student_outputs)
        )
        return teacher, student, weight

    def compare(
        self, teacher: Tensor, student: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Compares the relations in two feature spaces.

        Args:
            teacher: (n, d_T) float32, no gradient; a tuple of such for several layers.
            student: (n, d_S) float32, or a tuple.
            sample_weight: (n,) float32 or None. A pair counts sqrt(w_i w_j).

        Returns:
            Scalar float32.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `compare`.")


def pair_weight(sample_weight: Tensor | None) -> Tensor:
    """Weights of pairs: sqrt(w_i w_j), so that equal weights w scale a mean over pairs by w.

    Args:
        sample_weight: (n,) float32, not negative.

    Returns:
        (n, n) float32.
    """
    root = ops.sqrt(ops.maximum(sample_weight, 0.0))
    return root[:, None] * root[None, :]


def row_weight(sample_weight: Tensor | None, vectors: Tensor) -> Tensor:
    """Weights of samples, 1 each where none are given.

    Args:
        sample_weight: (n,) float32, or None.
        vectors: (n, ...) float32.

    Returns:
        (n,) float32.
    """
    if sample_weight is None:
        return ops.ones(ops.shape(vectors)[:1], dtype="float32")
    return sample_weight


def relative_distances(vectors: Tensor, valid: Tensor | None) -> Tensor:
    """Euclidean distances of all pairs, divided by the mean of those that are positive.

    Args:
        vectors: (n, d) float32.
        valid: (n,) bool; rows where it is False are left out of the mean.

    Returns:
        (n, n) float32.
    """
    distances = safe_sqrt(squared_distances(center(unit_scale(vectors), valid)))
    counted = (distances > 0.0) & valid[:, None] & valid[None, :]
    count = ops.sum(ops.cast(counted, "float32"))
    mean = ops.sum(ops.where(counted, distances, 0.0)) / ops.maximum(count, 1.0)
    return distances / ops.where(count > 0.0, mean, 1.0)


def choose_vertices(spaces: Sequence[Tensor], valid: Tensor | None, max_triplets: int) -> Tensor:
    """Chooses the samples i of the triplets (i, j, k): all n, or as many as the bound allows.

    They are spread evenly over the samples in the order of their distance from the middle of the
    batch: a choice that depends neither on the order of the batch nor on chance.

    Args:
        spaces: list of (n, d) float32, centred features of the same samples; the squares of their
            distances are added.
        valid: (n,) bool; samples where it is False come last.
        max_triplets: bound of the number of triplets, each vertex having n^2.

    Returns:
        (v,) int32 indices, v at least 1.
    """
    rows = spaces[0].shape[0] or ops.shape(spaces[0])[0]
    count = max_triplets // (rows * rows)
    if isinstance(rows, int):
        count = min(max(count, 1), rows)
    else:
        count = ops.clip(count, 1, rows)
    lengths = sum(ops.sum(ops.square(centered), axis=1) for centered in spaces)
    ranks = (2 * ops.arange(count, dtype="int32") + 1) * rows // (2 * count)
    return ops.take(ops.argsort(ops.where(valid, lengths, float("inf"))), ranks)


def triplet_weight(sample_weight: Tensor | None, vertices: Tensor) -> Tensor:
    """Weights of triplets: the cube root of w_i w_j w_k, so that equal weights w scale by w.

    Args:
        sample_weight: (n,) float32, not negative.
        vertices: (v,) int32, the samples i.

    Returns:
        (v, n, n) float32.
    """
    root = ops.power(ops.maximum(sample_weight, 0.0), 1.0 / 3.0)
    return ops.take(root, vertices)[:, None, None] * root[:, None] * root[None, :]
