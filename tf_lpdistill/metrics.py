"""How well a student keeps its teacher's geometry and answers: functions on arrays."""

import numpy as np
from keras import ops

from tf_lpdistill.ops import center, nearest_rows
from tf_lpdistill.types import Tensor


def neighborhood_overlap(teacher_features: Tensor, student_features: Tensor, k: int) -> float:
    """Share of the teacher's k nearest neighbours that are also the student's.

    Args:
        teacher_features: (n, ...) array or tensor; flattened, compared by Euclidean distance.
        student_features: (n, ...) array or tensor of the same samples in the same order.
        k: neighbours a sample, 0 < k < n.

    Returns:
        float in [0, 1]: 1 when all neighbourhoods agree; about k / (n - 1) by chance.

    Raises:
        ValueError: when the numbers of samples differ, or k is not in 1 .. n - 1.
    """
    rows = len(teacher_features)
    if rows != len(student_features):
        raise ValueError(
            "`teacher_features` and `student_features` must be of the same samples. Received: "
            f"{rows} and {len(student_features)} rows."
        )
    if not 0 < k < rows:
        raise ValueError(f"`k` must be between 1 and {rows - 1} (samples - 1). Received: k={k}")
    teacher, student = (neighbor_indices(f, k) for f in (teacher_features, student_features))
    shared = (teacher[:, :, None] == student[:, None, :]).any(axis=2)
    return float(shared.mean())


def neighbor_indices(features: Tensor, k: int) -> np.ndarray:
    """The k nearest other samples of each, nearest first.

    Args:
        features: (n, ...) array or tensor; flattened, compared by Euclidean distance.
        k: neighbours a sample, 0 < k < n.

    Returns:
        (n, k) int32 array.
    """
    return np.asarray(nearest_rows(center(ops.convert_to_tensor(features)), k)[0])


def effective_rank(features: Tensor) -> float:
    """How many directions features really use.

    The exponential of the entropy of the singular values, taken as shares of their sum, of the
    centred features: Roy and Vetterli, The Effective Rank: A Measure of Effective Dimensionality,
    EUSIPCO 2007, Definition 1.

    Args:
        features: (n, ...) array or tensor; flattened.

    Returns:
        float from 1 (a line) to min(n - 1, dimensions); 0 where all samples are equal.
    """
    rows = np.asarray(features, np.float64).reshape(len(features), -1)
    centred = rows - rows.mean(axis=0)
    if np.abs(centred).max() <= 1e-12 * np.abs(rows).max():
        return 0.0
    # Of the smaller Gram matrix: cheaper than a decomposition of wide features.
    gram = centred @ centred.T if centred.shape[0] < centred.shape[1] else centred.T @ centred
    singular = np.sqrt(np.maximum(np.linalg.eigvalsh(gram), 0.0))
    singular = singular[singular > 1e-6 * singular.max()]  # the roots of rounding are none
    shares = singular / singular.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def agreement(teacher_predictions: Tensor, student_predictions: Tensor) -> float:
    """Share of samples to which student and teacher give the same class.

    Args:
        teacher_predictions: (n, classes) logits or probabilities.
        student_predictions: (n, classes) logits or probabilities.

    Returns:
        float in [0, 1].

    Raises:
        ValueError: when the shapes differ.
    """
    teacher, student = np.asarray(teacher_predictions), np.asarray(student_predictions)
    if teacher.shape != student.shape or teacher.ndim != 2:
        raise ValueError(
            "Both predictions must have the same shape (samples, classes). Received: "
            f"{teacher.shape} and {student.shape}"
        )
    return float((teacher.argmax(axis=1) == student.argmax(axis=1)).mean())
