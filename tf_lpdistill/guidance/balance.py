"""Weights from shares: how much of the first gradient each loss is to have."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from tf_lpdistill.distiller import Distiller
from tf_lpdistill.guidance.evidence import ensure_built, read, teacher_models
from tf_lpdistill.guidance.gradients import part_gradients
from tf_lpdistill.guidance.unchanged import unchanged
from tf_lpdistill.terms import at_step
from tf_lpdistill.types import Structure

_DIGITS = 3  # significant digits of a weight: more would pretend to a precision that is not there


class Weights(list):
    """Plain weights, one float a loss, for `distillation_loss_weights`; prints as a table.

    Args:
        weights: list of float.
        rows: list of (name, norm of the gradient, weight, share), the student's own loss first.
    """

    def __init__(self, weights: Iterable[float], rows: list[tuple[str, float, float, float]]):
        super().__init__(weights)
        self.rows = rows

    def __str__(self):
        width = max(len(name) for name, *_ in self.rows)
        lines = [f"{'':{width}}  gradient norm     weight  share"]
        for name, norm, weight, share in self.rows:
            lines.append(f"{name:{width}}  {norm:13.4g}  {weight:9.4g}  {share:5.0%}")
        return "\n".join([*lines, f"distillation_loss_weights={list(self)}"])


def balance(
    distiller: Distiller,
    dataset: Iterable[Structure],
    shares: Sequence[float] | None = None,
    num_batches: int = 4,
) -> Weights:
    """Chooses the weights with which each loss has a given share of the gradient, at the start.

    The norm of each part's gradient is taken on the student's weights, in training mode, as the
    root of its mean square over a few batches. A weight is then

        w_i = (share_i / share_0) (w_0 g_0 / g_i)

    with g the norms and index 0 the student's supervised loss at its `student_loss_weight`, which
    has what the shares leave over. This says what pulls how hard in the first steps, for any batch,
    width or resolution; not what is best. docs/results/balance.md compares it with published
    weights. Nothing is trained or changed, as in `check`.

    Args:
        distiller: a compiled `Distiller`; the weights that it has do not matter.
        dataset: batches as `fit` takes them.
        shares: a float for each distillation loss, positive, with a sum below 1; with
            `student_loss_weight=0` or without labels they are relative, and the first loss gets the
            weight 1. None: the same for all, the student's loss among them.
        num_batches: how many batches to look at, >= 1.

    Returns:
        `Weights`, a list of float rounded to three significant digits, for
        `distillation_loss_weights`. Print it to see norms and shares.

    Raises:
        ValueError: for shares of another form, or a part without a gradient.

    Examples:
        >>> import keras
        >>> from tf_lpdistill import Distiller, losses
        >>> teacher, student = (keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        ...                     for _ in range(2))
        >>> terms = [losses.SoftTarget(), losses.RelationalDistance()]
        >>> distiller = Distiller(teacher, student, terms)
        >>> distiller.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        >>> batches = [(np.eye(4, dtype="float32"), np.array([0, 1, 2, 0]))]
        >>> weights = balance(distiller, batches, shares=[0.5, 0.1])
        >>> len(weights)
        2
    """
    names = [term.name for term in distiller.wiring.terms]
    shares = _check_shares(shares, len(names))
    ensure_built(distiller, dataset)
    with unchanged(distiller, *teacher_models(distiller).values()):
        norms = _norms(distiller, dataset, num_batches)
    weight = float(at_step(distiller.student_loss_weight, 0))
    supervised = "student_loss" in norms and weight != 0
    parts = ["student_loss", *names] if supervised else names
    _check_norms(norms, parts)
    if supervised:
        wanted = [1 - sum(shares), *shares]
        unit = weight * norms["student_loss"] / wanted[0]
    else:
        wanted = [share / sum(shares) for share in shares]
        unit = norms[names[0]] / wanted[0]
    weights = {
        name: _rounded(share * unit / norms[name])
        for name, share in zip(parts, wanted, strict=True)
    }
    rows = [
        (name, norms[name], weights[name], share) for name, share in zip(parts, wanted, strict=True)
    ]
    return Weights([weights[name] for name in names], rows)


def _norms(distiller, dataset, num_batches):
    """{part: root mean square of the norms of its gradient over the batches}."""
    found, gradients_on = [], part_gradients(distiller)
    for data in read(dataset):
        found.append(gradients_on(data))
        if len(found) >= num_batches:
            break
    return {
        name: float(np.sqrt(np.mean([gradients[name].norm ** 2 for gradients in found])))
        for name in found[0]
    }


def _check_shares(shares, number):
    if shares is None:
        return [1 / (number + 1)] * number
    shares = list(shares) if isinstance(shares, (list, tuple)) else [shares]
    sound = all(isinstance(share, (int, float)) and share > 0 for share in shares)
    if len(shares) != number or not sound or sum(shares) >= 1:
        raise ValueError(
            f"`shares` must hold a positive number for each of the {number} losses, with a sum "
            f"below 1: the student's own loss has the rest. Received: shares={shares}"
        )
    return shares


def _check_norms(norms, parts):
    still = [name for name in parts if not (math.isfinite(norms[name]) and norms[name] > 0)]
    if still or not parts:
        raise ValueError(
            "Every part must have a finite gradient on the student's weights to be weighed. "
            f"Received: norms { {name: norms[name] for name in still} }. Ask guidance.check what "
            "is wrong."
        )


def _rounded(value):
    return float(f"{value:.{_DIGITS}g}")
