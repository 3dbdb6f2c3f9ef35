"""What the input of a training step may carry beside the images."""

import dataclasses
from typing import Any

from tf_lpdistill.types import Structure

_KEYS = {"inputs", "sample_id", "teacher"}


@dataclasses.dataclass(frozen=True)
class Batch:
    """The input of one step, unpacked.

    Args:
        inputs: what the student (and a live teacher) is called on.
        sample_id: (batch,) int64 positions in the training set, or None.
        teacher: activations of the teacher made beforehand, or None.
    """

    inputs: Any
    sample_id: Any = None
    teacher: Any = None


def unpack(x: Structure) -> Batch:
    """Unpacks `x` as it comes from a data pipeline.

    Args:
        x: model inputs of any structure; or `{"inputs": ..., "sample_id": ..., "teacher": ...}`
            as made by `data.with_sample_ids`, at least "inputs" and one of the others.

    Returns:
        A `Batch`.
    """
    if isinstance(x, dict) and "inputs" in x and len(x) > 1 and set(x) <= _KEYS:
        return Batch(**x)
    return Batch(x)
