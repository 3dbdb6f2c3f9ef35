"""What a step would do: refusals, gradients that arrive or do not, a student like its teacher."""

import math
from collections.abc import Iterator
from functools import partial

import keras
import numpy as np

from tf_lpdistill import first_batch
from tf_lpdistill.guidance.evidence import RELATIONAL, Evidence
from tf_lpdistill.guidance.features import lacks_neighbors
from tf_lpdistill.guidance.finding import Finding
from tf_lpdistill.guidance.gradients import part_gradients
from tf_lpdistill.ops import leave_out

_TINY = 1e-6
_ZERO = 1e-3  # of the value for mixed-up images: what float32 leaves of 0 is far below
_ALIKE = 0.98  # of two values; a loss that contracts, as LP does, is not 0 on equal features


def look_at_learning(evidence: Evidence) -> Iterator[Finding]:
    """Yields findings about losses that cannot be computed, or reach what they should not."""
    refused = list(_refused(evidence))
    yield from refused
    yield from _shared_weights(evidence)
    if refused or evidence.labels_out_of_range or not evidence.counted:
        return
    yield from _gradients(evidence)
    for term in evidence.terms:
        yield from _self_distillation(evidence, term)


def _refused(evidence):
    """What `fit` would raise before the first step, by the very checks of `fit`."""
    for check in _checks(evidence):
        try:
            check()
        except ValueError as error:
            yield Finding(
                "refused", "error", str(error), "`fit` raises this before the first step.", ""
            )


def _checks(evidence):
    """The checks of the first batch; without those of another look, which tells the reasons."""
    distiller, data, outputs = evidence.distiller, evidence.data, evidence.outputs
    if distiller.compiled:
        yield partial(first_batch.check_inputs_and_labels, distiller, data)
        yield partial(first_batch.check_student_outputs, distiller, outputs, data)
    for term in evidence.terms:
        if not lacks_neighbors(evidence, term):
            yield partial(first_batch.check_term, term, outputs, data)


def _shared_weights(evidence):
    """A student that was built out of the teacher's own layers trains them."""
    trained = {id(variable) for variable in evidence.distiller.trainable_variables}
    for teacher in evidence.teachers.values():
        shared = [v for v in getattr(teacher.model, "variables", ()) if id(v) in trained]
        if shared:
            yield Finding(
                "teacher_trained",
                "error",
                f"{teacher.title} shares {len(shared)} trained variables with the student, such as "
                f"{shared[0].path!r}.",
                "Every step changes the teacher, too: it forgets what it was to hand on.",
                "Give the student layers of its own: keras.models.clone_model.",
            )


def _gradients(evidence):
    distiller = evidence.distiller
    if not distiller.student.trainable_variables:
        yield Finding(
            "no_gradient",
            "error",
            "The student has no trainable weights.",
            "Nothing would be learnt.",
            "Set student.trainable = True before it goes into the Distiller.",
        )
        return
    for name, gradient in part_gradients(distiller)(evidence.data).items():
        if not (math.isfinite(gradient.value) and math.isfinite(gradient.norm)):
            yield Finding(
                "not_finite",
                "error",
                f"{name} is {gradient.value:.4g}, its gradient on the student {gradient.norm:.4g}.",
                "One step with it makes every weight NaN.",
                "Look at the labels, the scale of the inputs, and the weights of both models.",
            )
        elif gradient.norm == 0.0 and name != "student_loss":
            yield Finding(
                "no_gradient",
                "error",
                f"{name}: its gradient on the student's weights is 0 (value {gradient.value:.4g}).",
                "The term is logged and teaches nothing.",
                "Name a layer of the student that lies behind trainable weights, and that the loss "
                "depends on.",
            )
        elif gradient.own_norm == 0.0:
            yield Finding(
                "no_gradient",
                "error",
                f"{name}: its gradient on the loss's own trainable weights is 0.",
                "An adapter that does not learn hands on what chance made it.",
                "Use its weights in `compute_loss`, without stop_gradient, or make them "
                "trainable=False where they are to stay as they are.",
            )


def _self_distillation(evidence, term):
    """A student equal to its teacher must please a loss more than one with its images mixed up."""
    _, y, sample_weight = evidence.data
    student = leave_out(term.select(*evidence.outputs)[1], sample_weight)
    adapted = getattr(term.loss, "variables", ())  # an untrained adapter stands between the two
    if adapted or evidence.batch_size < 3 or isinstance(student, (dict, list, tuple)):
        return
    known = {"y": y, "sample_weight": sample_weight, "sample_id": evidence.batch.sample_id}
    known["step"] = np.int64(0)
    extras = {key: known.get(key) for key in term.extras}
    same, mixed = (
        float(term.loss.compute_loss(features, student, **extras))
        for features in (student, keras.ops.roll(student, 1, axis=0))
    )
    if same > mixed + _TINY or same > max(_ALIKE * mixed, _TINY):
        yield Finding(
            "self_distillation",
            "error",
            f"{term.name} gives {same:.4g} to a student equal to its teacher, and {mixed:.4g} to "
            "one whose images are mixed up.",
            "A loss that does not prefer the right student cannot teach it.",
            "Mend its `compute_loss`: a loss that matches features gives 0 to equal ones.",
        )
    elif same > max(_ZERO * mixed, _TINY) and not isinstance(term.loss, RELATIONAL):
        yield Finding(
            "self_distillation",
            "warning",
            f"{term.name} gives {same:.4g} to a student equal to its teacher, and {mixed:.4g} to "
            "one whose images are mixed up.",
            "A loss that matches features gives 0 to equal ones; what is left over "
            "hides in the logs how near the student is, or draws it away.",
            "Look for a constant or a shift in its `compute_loss`; a cross-entropy or a likelihood "
            "has such a rest, and may keep it.",
        )
