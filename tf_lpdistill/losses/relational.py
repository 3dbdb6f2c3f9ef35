"""What the losses share that compare samples of a batch with each other."""

import keras
from keras import ops

from tf_lpdistill.losses.base import Loss
from tf_lpdistill.ops import flatten, gather, leave_out


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

    def compute_loss(self, teacher_outputs, student_outputs, y=None, sample_weight=None):
        """Gathers the global batch and compares; see the class."""
        self.check_shapes(teacher_outputs, student_outputs)
        weight = gather(sample_weight)
        if weight is not None:
            weight = ops.reshape(ops.cast(weight, "float32"), (-1,))

        def prepare(features):
            features = leave_out(ops.cast(gather(features), "float32"), weight)
            return flatten(features) if self.flattens else features

        teacher = keras.tree.map_structure(ops.stop_gradient, teacher_outputs)
        teacher, student = (
            keras.tree.map_structure(prepare, features) for features in (teacher, student_outputs)
        )
        return self.compare(teacher, student, weight)

    def compare(self, teacher, student, sample_weight=None):
        """Compares the relations in two feature spaces.

        Args:
            teacher: (n, d_T) float32, no gradient; a tuple of such for several layers.
            student: (n, d_S) float32, or a tuple.
            sample_weight: (n,) float32 or None. A pair counts sqrt(w_i w_j).

        Returns:
            Scalar float32.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `compare`.")


def pair_weight(sample_weight):
    """Weights of pairs: sqrt(w_i w_j), so that equal weights w scale a mean over pairs by w.

    Args:
        sample_weight: (n,) float32, not negative.

    Returns:
        (n, n) float32.
    """
    root = ops.sqrt(ops.maximum(sample_weight, 0.0))
    return root[:, None] * root[None, :]


def row_weight(sample_weight, vectors):
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
