"""The softmax of an exported classifier: whether the student lacks it, and its adding."""

import keras
import numpy as np

from tf_lpdistill.structure import final_activation
from tf_lpdistill.types import Tensor

# How far the sum of a row of probabilities may be from 1: float16 softmax is off by 1e-3.
_SUM_TOLERANCE = 2e-3


def is_missing(student: keras.Model, outputs: np.ndarray) -> bool:
    """Tells whether the file must end in a softmax that the student does not have.

    Args:
        student: the model.
        outputs: (n, classes) float32, finite, what it returned for some images.

    Returns:
        False when the outputs are probabilities already (each row sums to 1, none is negative),
        True when they are logits.

    Raises:
        ValueError: when they are neither: a sigmoid a class, or a softmax over another axis.
    """
    sums = outputs.sum(axis=-1)
    if outputs.min() >= 0.0 and np.all(np.abs(sums - 1.0) <= _SUM_TOLERANCE):
        return False
    final = final_activation(student)
    if final in ("softmax", "sigmoid"):
        raise ValueError(
            "The student must end in logits, or in a softmax over the classes. "
            f"Received: a model that ends in {final!r} with rows that sum to "
            f"{sums.min():g}..{sums.max():g}. Replace its last activation."
        )
    return True


def finish(outputs: Tensor, missing: bool) -> Tensor:
    """Returns a student's outputs as its files give them: behind the softmax where it is missing.

    Args:
        outputs: (n, classes) float32 logits, probabilities, or embeddings.
        missing: whether they are logits.
    """
    return keras.ops.softmax(outputs) if missing else outputs
