"""Schedules of loss weights over optimizer steps: warm-up, decay, and a step to stop at."""

import itertools
import numbers
from collections.abc import Iterable
from typing import Any

import keras
from keras import ops

from tf_lpdistill.types import Tensor

_LAST_STEP, _LARGEST = 2**63 - 1, 1.7e38  # of int64; half of float32, so that differences fit


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class PiecewiseLinear(keras.optimizers.schedules.LearningRateSchedule):
    """A weight that runs straight from point to point, and stays at the last one.

    Before the first point it is the first one's value. Two points at the same step are a jump, of
    which the later value holds from that step on. It is a schedule over optimizer steps, as any of
    Keras's: the `Distiller` takes it as a weight, it is saved with it, and it holds for several
    steps a call (`steps_per_execution`) and any number of replicas.

    Args:
        points: pairs (step, value), one or more: integers >= 0 that do not fall, finite floats.

    Raises:
        ValueError: for points of another form.

    Examples:
        >>> weight = PiecewiseLinear([(0, 0.0), (10, 1.0)])
        >>> [float(weight(step)) for step in (0, 5, 10, 99)]
        [0.0, 0.5, 1.0, 1.0]
    """

    def __init__(self, points: Iterable[tuple[int, float]]):
        self.points = _check_points(points)

    def __call__(self, step: Tensor | int) -> Tensor:
        """Returns the weight at a step.

        Args:
            step: integer scalar, the optimizer's iterations so far.

        Returns:
            Scalar float32.
        """
        step = ops.cast(step, "float32")
        value = ops.cast(self.points[-1][1], "float32")
        # From the last stretch to the first, so that at a jump the later value holds.
        for (start, low), (end, high) in reversed(list(itertools.pairwise(self.points))):
            share = (step - start) / max(end - start, 1)
            value = ops.where(step < end, low + (high - low) * share, value)
        return ops.where(step < self.points[0][0], self.points[0][1], value)

    def get_config(self) -> dict[str, Any]:
        """Returns the points."""
        return {"points": [list(point) for point in self.points]}


def warm_up(weight: float, steps: int) -> PiecewiseLinear:
    """A weight that grows from 0, as DKD's does over its first 20 epochs.

    The authors' code raises it once an epoch; here it grows with every step.

    Args:
        weight: the value at the end, a finite float.
        steps: optimizer steps that it takes, >= 1: `20 * steps_per_epoch`, say.

    Returns:
        `PiecewiseLinear`.

    Raises:
        ValueError: for other steps or weights.

    Reference: Zhao et al., Decoupled Knowledge Distillation, CVPR 2022
    (https://arxiv.org/abs/2203.08679), and the warm-up of its public code.

    Examples:
        >>> float(warm_up(8.0, steps=100)(25))
        2.0
    """
    return linear(0.0, weight, steps)


def linear(start: float, end: float, steps: int) -> PiecewiseLinear:
    """A weight that changes evenly, as FitNets' lambda falls from 4 to 1.

    Args:
        start: the value at step 0, a finite float.
        end: the value from `steps` on, a finite float.
        steps: optimizer steps between them, >= 1.

    Returns:
        `PiecewiseLinear`.

    Raises:
        ValueError: for other steps or values.

    Reference: Romero et al., FitNets, ICLR 2015 (https://arxiv.org/abs/1412.6550), section 3.

    Examples:
        >>> float(linear(4.0, 1.0, steps=300)(100))
        3.0
    """
    _check_step("steps", steps)
    return PiecewiseLinear([(0, start), (steps, end)])


def stop_at(weight: float | PiecewiseLinear, step: int) -> PiecewiseLinear:
    """A weight that is exactly 0 from a step on: distil first, then train on labels alone.

    The term is still computed, and logged; it only counts for nothing.

    Args:
        weight: a finite float, or a `PiecewiseLinear`.
        step: the first optimizer step without it, >= 1: `stop_epoch * steps_per_epoch`, say.

    Returns:
        `PiecewiseLinear`.

    Raises:
        ValueError: for another schedule, or another step.

    Examples:
        >>> weight = stop_at(warm_up(1.0, steps=10), step=50)
        >>> [float(weight(step)) for step in (5, 49, 50)]
        [0.5, 1.0, 0.0]
    """
    _check_step("step", step)
    if isinstance(weight, keras.optimizers.schedules.LearningRateSchedule):
        if not isinstance(weight, PiecewiseLinear):
            raise ValueError(
                "`weight` must be a number or a schedule of tf_lpdistill.schedules. Received: "
                f"weight={weight!r}"
            )
        before = [point for point in weight.points if point[0] < step]
        weight = float(weight(step))
    else:
        before = []
    return PiecewiseLinear([*(before or [(0, weight)]), (step, weight), (step, 0.0)])


def _check_step(name, step):
    if not isinstance(step, numbers.Integral) or step < 1:
        raise ValueError(
            f"`{name}` must be a whole number of optimizer steps, 1 or more; without such a "
            f"change give the weight itself. Received: {name}={step!r}"
        )


def _check_points(points):
    """Returns the points as a tuple of (int, float)."""
    points = tuple(tuple(p) if isinstance(p, Iterable) else p for p in points)
    sound = points and all(
        isinstance(point, tuple)
        and len(point) == 2
        and isinstance(point[0], numbers.Integral)
        and isinstance(point[1], numbers.Real)
        and 0 <= point[0] <= _LAST_STEP
        and abs(point[1]) <= _LARGEST
        for point in points
    )
    falls = sound and any(a[0] > b[0] for a, b in itertools.pairwise(points))
    if not sound or falls:
        raise ValueError(
            "A schedule needs one or more points (step, value): steps are integers from 0 that do "
            f"not fall, values are finite numbers. Received: points={list(points)}"
        )
    return tuple((int(step), float(value)) for step, value in points)
