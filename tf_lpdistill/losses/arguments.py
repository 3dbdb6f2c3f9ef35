"""Checks of arguments and shapes that several losses share."""

import math
import numbers
from collections.abc import Sequence

from keras import ops

from tf_lpdistill.types import Shape, Tensor


def check_count(argument: str, value: object) -> int:
    """Returns a number of things as an int.

    Args:
        argument: its name in the message.
        value: what the caller gave.

    Raises:
        ValueError: when it is not a positive int.
    """
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"`{argument}` must be a positive int. Received: {argument}={value!r}")
    return int(value)


def check_positive(argument: str, value: object) -> float:
    """Returns a number as a float.

    Args:
        argument: its name in the message.
        value: what the caller gave.

    Raises:
        ValueError: when it is not a positive, finite number.
    """
    if not isinstance(value, numbers.Real) or not 0 < value < math.inf:
        raise ValueError(
            f"`{argument}` must be a positive, finite number. Received: {argument}={value!r}"
        )
    return float(value)


def check_not_negative(argument: str, value: object) -> float:
    """Returns a number as a float.

    Args:
        argument: its name in the message.
        value: what the caller gave.

    Raises:
        ValueError: when it is not a finite number from 0.
    """
    if not isinstance(value, numbers.Real) or not 0 <= value < math.inf:
        raise ValueError(
            f"`{argument}` must be a finite number, not negative. Received: {argument}={value!r}"
        )
    return float(value)


def check_max_triplets(value: object) -> int:
    """Returns the bound of the number of triplets that a loss forms as an int.

    Args:
        value: what the caller gave.

    Raises:
        ValueError: when it is not a positive int that int32 holds.
    """
    if not isinstance(value, numbers.Integral) or not 1 <= value < 2**31:
        raise ValueError(
            f"`max_triplets` must be a positive int below 2**31. Received: max_triplets={value!r}"
        )
    return int(value)


def by_teacher(
    outputs: Tensor | tuple[Tensor, ...], weights: Sequence[float] | None = None
) -> list[tuple[float, Tensor]]:
    """Pairs what several teachers give with their weights.

    Args:
        outputs: a tensor of one teacher, for which `weights` do not count, or a tuple of them.
        weights: a float for each teacher of the tuple, with sum 1; None: all the same.

    Returns:
        List of (weight, tensor), without the teachers of weight 0.

    Raises:
        ValueError: when there are not as many weights as teachers.
    """
    if not isinstance(outputs, (tuple, list)):
        return [(1.0, outputs)]
    if weights is None:
        weights = [1.0 / len(outputs) for _ in outputs]
    if len(weights) != len(outputs) or not outputs:
        raise ValueError(
            "`teacher_weights` must hold one weight for each teacher. Received: features of "
            f"{len(outputs)} teachers, teacher_weights={weights}"
        )
    return [pair for pair in zip(weights, outputs, strict=True) if pair[0] > 0]


def check_same_classes(loss: str, teacher_shape: Shape, student_shape: Shape) -> None:
    """Checks that two outputs can hold logits of the same classes.

    Args:
        loss: name of the loss in the message.
        teacher_shape: shape of the teacher's output.
        student_shape: shape of the student's output.

    Raises:
        ValueError: when they are not equal.
    """
    if teacher_shape[1:] != student_shape[1:]:
        raise ValueError(
            f"{loss}: teacher and student must have the same classes. Received: teacher output "
            f"{teacher_shape}, student output {student_shape}. Name the layers that hold the "
            "logits, or distil features instead, e.g. with LocalityPreserving."
        )


def map_shape(loss: str, shape: Shape) -> Shape:
    """Sees the shape of a vector as that of a map of one pixel, as `ops.as_maps` does.

    Args:
        loss: name of the loss in the message.
        shape: (batch, channels) or (batch, height, width, channels).

    Returns:
        (None, height, width, channels).

    Raises:
        ValueError: for another rank, or a height, width or number of channels that is not known.
    """
    if len(shape) not in (2, 4) or None in shape[1:]:
        raise ValueError(
            f"{loss}: expected features (batch, height, width, channels) or (batch, channels) of "
            f"known size. Received: shape {tuple(shape)}. Name another layer, of a model with a "
            "fixed input size."
        )
    return (None, *shape[1:]) if len(shape) == 4 else (None, 1, 1, shape[1])


def class_indices(loss: str, y: Tensor, classes: int | None = None) -> Tensor:
    """Reads labels in any of their usual forms.

    Args:
        loss: name of the loss in the message.
        y: classes, (batch,) or (batch, 1); or one-hot, (batch, classes), of which the largest entry
            counts.
        classes: how many there are, or None: not known.

    Returns:
        (batch,) int32.

    Raises:
        ValueError: for labels of another shape.
    """
    shape = tuple(getattr(y, "shape", ()))
    if len(shape) == 2 and shape[1] != 1 and shape[1] == (classes or shape[1]):
        return ops.cast(ops.argmax(y, axis=-1), "int32")
    if len(shape) not in (1, 2) or shape[1:] not in ((), (1,)):
        raise ValueError(
            f"{loss}: labels must be classes, (batch,) or (batch, 1), or one-hot, "
            f"(batch, {classes or 'classes'}). Received: y={type(y).__name__} of shape {shape}"
        )
    return ops.cast(ops.reshape(y, (-1,)), "int32")
