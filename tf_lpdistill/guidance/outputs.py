"""Logits or probabilities: what the networks give, and what the losses take them for."""

from collections.abc import Iterator

import keras
import numpy as np

from tf_lpdistill.guidance.evidence import Evidence
from tf_lpdistill.guidance.finding import Finding
from tf_lpdistill.losses import ClassRelations, DecoupledSoftTarget, SoftTarget
from tf_lpdistill.types import Tensor

# They apply a softmax themselves.
_SOFTENING = (SoftTarget, DecoupledSoftTarget, ClassRelations)
_SOFTENING += (keras.distillation.LogitsDistillation,)


def look_at_outputs(evidence: Evidence) -> Iterator[Finding]:
    """Yields findings about a softmax that is applied twice, or not at all."""
    yield from _look_at_terms(evidence)
    outputs = evidence.outputs[1][0]
    losses = keras.tree.flatten(evidence.distiller.loss)
    if isinstance(outputs, (tuple, list, dict)) or len(losses) != 1:
        return
    wanted = _wants_logits(losses[0])
    if wanted is None or len(outputs.shape) < 2:
        return
    given = not is_probabilities(outputs)
    if wanted and not given:
        yield Finding(
            "softmax_twice",
            "error",
            "The student gives probabilities, and the compiled loss takes them for logits "
            "(from_logits=True).",
            "A second softmax flattens the answers: the loss hardly falls, the gradients vanish.",
            "End the student in logits (no softmax), or compile with from_logits=False.",
        )
    if given and not wanted:
        yield Finding(
            "softmax_missing",
            "error",
            "The student gives logits, and the compiled loss takes them for probabilities "
            "(from_logits=False, the default of Keras).",
            "Logits are clipped to 0..1 as if they were probabilities: the student learns little "
            "or nothing, and the loss says so only by its size.",
            "Compile with loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True).",
        )


def _look_at_terms(evidence):
    for term in evidence.terms:
        if not isinstance(term.loss, _SOFTENING):
            continue
        sides = zip(("teacher", "student"), term.select(*evidence.outputs), strict=True)
        roles = [
            role
            for role, features in sides
            if any(map(is_probabilities, keras.tree.flatten(features)))
        ]
        if roles:
            yield Finding(
                "softmax_twice",
                "error",
                f"{term.name} takes logits and softens them itself; the {' and the '.join(roles)} "
                "it compares give probabilities.",
                "A softmax of probabilities is nearly uniform: all classes look alike to it.",
                "Name the layer before the softmax as `teacher_layer_name` or "
                "`student_layer_name`, or end the models in logits.",
            )


def is_probabilities(outputs: Tensor) -> bool:
    """Whether every row is a distribution: no entry below 0, a sum of 1.

    Args:
        outputs: (..., classes) tensor of any float dtype.

    Returns:
        bool; False for a single column.
    """
    values = np.asarray(keras.ops.cast(outputs, "float32"))
    if values.shape[-1] < 2 or values.size == 0 or not np.isfinite(values).all():
        return False
    # bfloat16 sums to 1 within a per cent or so.
    return bool((values >= 0).all() and (np.abs(values.sum(axis=-1) - 1.0) < 0.02).all())


def _wants_logits(loss):
    """True or False for a categorical cross-entropy; None for any other loss."""
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    plain = (keras.losses.categorical_crossentropy, keras.losses.sparse_categorical_crossentropy)
    if loss in plain:
        return False
    known = (
        keras.losses.CategoricalCrossentropy,
        keras.losses.SparseCategoricalCrossentropy,
        keras.losses.CategoricalFocalCrossentropy,
    )
    if not isinstance(loss, known):
        return None
    return bool(loss.get_config().get("from_logits", False))
