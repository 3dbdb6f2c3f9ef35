"""The distillation terms of the total: each a loss, its weight, and its name in the logs."""

import dataclasses
import inspect
import itertools
import math
import numbers
import warnings
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tf_lpdistill.losses.base import Loss, snake_case
from tf_lpdistill.ops.replicas import unscale_keras_loss
from tf_lpdistill.ops.rows import leave_out
from tf_lpdistill.teachers.names import check_single_teacher
from tf_lpdistill.types import Structure, Tensor, Weight

_RESERVED = ("loss", "student_loss")
_EXTRAS = ("y", "sample_weight", "sample_id", "step", "teacher_weights")


@dataclasses.dataclass(frozen=True)
class Term:
    """One distillation loss in the total.

    Args:
        name: unique among the terms of a distiller.
        loss: a `keras.distillation.DistillationLoss`.
        weight: float, or a `LearningRateSchedule` over optimizer steps.
        extras: which of y, sample_weight, sample_id, step and teacher_weights the loss wants.
    """

    name: str
    loss: Any
    weight: Any
    extras: tuple[str, ...]

    def select(
        self,
        teacher_outputs: tuple[Structure, Structure],
        student_outputs: tuple[Structure, Structure],
    ) -> tuple[Structure, Structure]:
        """Picks the features that the loss names from two `(predictions, features)`."""
        return (
            _pick(teacher_outputs, getattr(self.loss, "teacher_layer_name", None)),
            _pick(student_outputs, getattr(self.loss, "student_layer_name", None)),
        )

    def value(
        self,
        teacher_outputs: tuple[Structure, Structure],
        student_outputs: tuple[Structure, Structure],
        **extras: Any,
    ) -> Tensor:
        """The unweighted value on this replica: a float32 scalar."""
        wanted = {key: extras.get(key) for key in self.extras}
        features = self.select(teacher_outputs, student_outputs)
        features = leave_out(features, extras.get("sample_weight"))
        value = self.loss.compute_loss(*features, **wanted)
        if len(value.shape) != 0:
            raise ValueError(
                f"The loss {self.name!r} must return a scalar. Received: shape {value.shape}"
            )
        return ops.cast(unscale_keras_loss(value, self.loss), "float32")


def at_step(weight: Weight, step: Tensor | int) -> Tensor | float:
    """Returns a weight at an optimizer step: a float, or a float32 scalar tensor."""
    return weight(step) if callable(weight) else weight


def make_terms(losses: Sequence[Any], weights: Sequence[Any]) -> tuple[Term, ...]:
    """Pairs losses with weights and names.

    Args:
        losses: list of `keras.distillation.DistillationLoss`.
        weights: list of the same length.

    Returns:
        Tuple of `Term`; a name that occurs again gets a suffix: `hint`, `hint_1`.
    """
    terms = []
    for loss, weight in zip(losses, weights, strict=True):
        name = getattr(loss, "name", None) or snake_case(type(loss).__name__)
        if name in _RESERVED:
            raise ValueError(f"The name {name!r} is taken by the totals. Give the loss another.")
        parameters = inspect.signature(loss.compute_loss).parameters
        extras = tuple(key for key in _EXTRAS if key in parameters)
        terms.append(Term(_unique(name, [term.name for term in terms]), loss, weight, extras))
    return tuple(terms)


def _unique(name, taken):
    candidates = itertools.chain([name], (f"{name}_{count}" for count in itertools.count(1)))
    return next(candidate for candidate in candidates if candidate not in taken)


def build_losses(
    terms: Sequence[Term],
    teacher_outputs: tuple[Structure, Structure],
    student_outputs: tuple[Structure, Structure],
    ensemble: bool = False,
) -> None:
    """Checks the shapes of the features that the losses name, and makes the losses' weights.

    Args:
        terms: as `make_terms` makes them; losses that are not ours build themselves.
        teacher_outputs: symbolic `(predictions, features)` of the teacher.
        student_outputs: the same of the student.
        ensemble: whether the teacher is an ensemble.

    Raises:
        ValueError: when a loss cannot compare its features.
    """
    for term in terms:
        if isinstance(term.loss, Loss):
            features = term.select(teacher_outputs, student_outputs)
            if not ensemble:
                check_single_teacher(term, features[0])
            term.loss.check_shapes(*features)
            shapes = (keras.tree.map_structure(lambda t: t.shape, f) for f in features)
            term.loss.ensure_built(*shapes)


def layer_names(terms: Sequence[Term], attribute: str) -> list[str]:
    """Lists the features that the terms name.

    Args:
        terms: as `make_terms` makes them.
        attribute: "teacher_layer_name" or "student_layer_name".

    Returns:
        List of str, with repetitions.
    """
    names = [getattr(term.loss, attribute, None) for term in terms]
    return [name for name in keras.tree.flatten(names) if name is not None]


def check_losses(losses: object) -> list[Any]:
    """Returns the `distillation_losses` argument as a list of loss objects.

    Raises:
        ValueError: for anything that is not a `keras.distillation.DistillationLoss`.
    """
    losses = list(losses) if isinstance(losses, (list, tuple)) else [losses]
    for loss in losses:
        if not isinstance(loss, keras.distillation.DistillationLoss):
            raise ValueError(
                "`distillation_losses` must be one loss or a list of losses from "
                "tf_lpdistill.losses (or keras.distillation). Received: "
                f"distillation_losses={losses}"
            )
        _warn_of_plain_divergence(loss)
    return losses


def check_weights(weights: object, number: int) -> list[Any]:
    """Returns the `distillation_loss_weights` argument as a list, one weight a loss.

    Raises:
        ValueError: for a wrong number of weights, or one that is neither a finite number nor a
            `LearningRateSchedule`.
    """
    if weights is None:
        return [1.0] * number
    weights = list(weights) if isinstance(weights, (list, tuple)) else [weights]
    if len(weights) != number:
        raise ValueError(
            "`distillation_loss_weights` must hold one weight for each of the "
            f"{number} losses. Received: distillation_loss_weights={weights}"
        )
    return [check_weight("distillation_loss_weights", weight) for weight in weights]


def check_weight(argument: str, weight: object) -> Any:
    """Returns a weight as a float, or the schedule that it is.

    Raises:
        ValueError: when it is neither a finite number nor a `LearningRateSchedule`.
    """
    if isinstance(weight, keras.optimizers.schedules.LearningRateSchedule):
        return weight
    if isinstance(weight, numbers.Real) and math.isfinite(weight):
        return float(weight)
    raise ValueError(
        f"`{argument}`: a weight must be a finite number or a "
        f"keras.optimizers.schedules.LearningRateSchedule. Received: {weight!r}"
    )


def _pick(outputs, name):
    predictions, features = outputs
    if isinstance(name, tuple):
        return tuple(_pick(outputs, part) for part in name)
    return predictions if name is None else features[name]


def _warn_of_plain_divergence(loss):
    plain = isinstance(loss, keras.distillation.LogitsDistillation) and any(
        leaf is keras.losses.kl_divergence for leaf in keras.tree.flatten(loss.loss)
    )
    if plain:
        warnings.warn(
            "keras.distillation.LogitsDistillation with loss='kl_divergence' compares raw logits: "
            "neither the softmax nor the factor T^2 is applied. Use "
            "tf_lpdistill.losses.SoftTarget(temperature=...), or pass "
            "loss=keras.losses.KLDivergence().",
            stacklevel=4,
        )
