"""What the teacher's answers tell: its training, its labels, its input scaling, its role."""

from collections.abc import Iterator

import numpy as np

from tf_lpdistill.guidance.evidence import Evidence
from tf_lpdistill.guidance.finding import Finding
from tf_lpdistill.guidance.rescaled import other_scalings

# A gain smaller than this may be chance or taste.
_MARGIN = 0.02
# Of the way from chance to perfect; a teacher below it has next to nothing to hand on.
_HARDLY_TRAINED = 0.2


def look_at_scores(evidence: Evidence) -> Iterator[Finding]:
    """Yields findings about sizes and right answers; a note where none can be counted."""
    swapped = _outsized(evidence)
    yield from swapped
    if not evidence.counted:
        yield Finding(
            "no_samples",
            "note",
            "All samples that were looked at have weight 0.",
            "Scores, layers and gradients could not be looked at: nothing would be learnt of them.",
            "Call `check` on samples that count, or look at how the weights are made.",
        )
        return
    if evidence.labels is None:
        yield Finding(
            "no_labels",
            "note",
            "The data have no classes as labels.",
            "The teacher's scores, its input scaling and its layers could not be looked at.",
            "Call `check` on labelled data once, even if you train without labels.",
        )
        return
    found = [
        _look_at_teacher(evidence, teacher, swapped)
        for teacher in evidence.teachers.values()
        if teacher.predictions is not None
    ]
    yield from found
    if evidence.labels_out_of_range and "labels_shifted" not in [each.name for each in found]:
        classes = evidence.student.shape[1]
        way_out = f"Number the classes 0 to {classes - 1}, or give the student an output for each."
        yield _numbered(f"The student gives {classes} classes", evidence.labels, way_out)


def _outsized(evidence):
    """A student with more parameters than any teacher."""
    sizes = [t.model.count_params() for t in evidence.teachers.values() if t.model is not None]
    size = evidence.distiller.student.count_params()
    if not sizes or size <= max(sizes):
        return []
    return [_swapped(f"The student has {size:,} parameters, the teacher {max(sizes):,}.")]


def _look_at_teacher(evidence, teacher, swapped):
    labels = evidence.labels
    right = teacher.predictions.argmax(axis=1) == labels
    problem = _shifted(teacher, labels, right) or _scaled(evidence, teacher, right)
    if not problem and not swapped:  # swapped roles explain the rest
        problem = _outdone(evidence, teacher, right) or _untrained(teacher, labels, right)
    return problem or Finding(
        "teacher_score",
        "note",
        f"{teacher.title} is right on {right.mean():.1%} of {len(labels)} samples.",
        "",
        "",
    )


def _shifted(teacher, labels, right):
    """Labels 1..C instead of 0..C-1, or a teacher with one class more in front."""
    classes = teacher.predictions.shape[1]
    answers = teacher.predictions.argmax(axis=1)
    shifts = {shift: answers == labels + shift for shift in (-1, 1)}
    shift = max(shifts, key=lambda s: shifts[s].mean())
    if surely_better(shifts[shift], right, 0.2):
        seen = (
            f"{teacher.title} is right on {right.mean():.0%} of {len(labels)} samples, and on "
            f"{shifts[shift].mean():.0%} with every label {'+' if shift > 0 else '-'} 1"
        )
    elif labels.min() < 0 or labels.max() >= classes:
        seen = f"{teacher.title} gives {classes} classes"
    else:
        return None
    way_out = (
        f"Number the classes 0 to {classes - 1} in the order of the teacher's outputs, e.g. "
        f"dataset.map(lambda x, y: (x, y {'+' if shift > 0 else '-'} 1))."
    )
    return _numbered(seen, labels, way_out)


def _numbered(seen, labels, way_out):
    return Finding(
        "labels_shifted",
        "error",
        f"{seen}; the labels go from {labels.min()} to {labels.max()}.",
        "Labels and outputs number the classes differently, so that student and teacher pull in "
        "different directions.",
        way_out,
    )


def _scaled(evidence, teacher, right):
    if teacher.model is None or evidence.inputs is None:
        return None
    trials = {
        scaling: _answers(teacher.model, inputs) == evidence.labels
        for scaling, inputs in other_scalings(evidence.inputs).items()
    }
    best = max(trials, key=lambda scaling: trials[scaling].mean(), default=None)
    if best is None or not surely_better(trials[best], right, _MARGIN):
        return None
    low, high = evidence.inputs.min(), evidence.inputs.max()
    return Finding(
        "input_scaling",
        "error",
        f"{teacher.title} is right on {right.mean():.0%} of {len(right)} samples as the data set "
        f"gives them ({low:.4g} to {high:.4g}), and on {trials[best].mean():.0%} with the pixels "
        f"scaled {best}.",
        "A model fed at another scale than it was trained on still runs, and teaches nonsense.",
        "Scale the data set so, or wrap the teacher where the student keeps its own: "
        "models.adapted(teacher, preprocessing_of_the_student, scaling_of_the_teacher).",
    )


def _answers(model, inputs, batch=64):
    parts = [inputs[start : start + batch] for start in range(0, len(inputs), batch)]
    return np.concatenate([np.asarray(model(part, training=False)).argmax(-1) for part in parts])


def _outdone(evidence, teacher, right):
    if evidence.student is None:
        return None
    student = evidence.student.argmax(axis=1) == evidence.labels
    if not surely_better(student, right, _MARGIN):
        return None
    return _swapped(
        f"The student is right on {student.mean():.0%} of {len(right)} samples, "
        f"{teacher.title.lower()} on {right.mean():.0%}."
    )


def _swapped(seen):
    return Finding(
        "roles_swapped",
        "warning",
        f"{seen} Are the roles swapped?",
        "The student learns what the teacher knows: a smaller or worse teacher holds it back.",
        "Write Distiller(teacher, student, ...): the large trained model first.",
    )


def _untrained(teacher, labels, right):
    classes = teacher.predictions.shape[1]
    chance = max(np.bincount(labels).max() / len(labels), 1 / classes)
    if right.mean() > chance + _HARDLY_TRAINED * (1 - chance):
        return None
    return Finding(
        "teacher_untrained",
        "error",
        f"{teacher.title} is right on {right.mean():.0%} of {len(labels)} samples; one that always "
        f"names the commonest class is on {chance:.0%}. No usual input scaling makes it better.",
        "A teacher that has not learnt the task has nothing to hand on.",
        "Train it first, or load its weights: keras.saving.load_model, model.load_weights. Check "
        "that its classes are those of the data.",
    )


def surely_better(new: np.ndarray, old: np.ndarray, margin: float) -> bool:
    """Whether one share of right answers exceeds another by more than a margin, chance aside.

    Args:
        new: (n,) bool, right answers.
        old: (n,) bool, on the same samples.
        margin: float, the least gain that counts.

    Returns:
        bool: the gain less two standard errors of the paired difference is above the margin.
    """
    gains = np.asarray(new, "float64") - np.asarray(old, "float64")
    return bool(gains.mean() - 2 * gains.std() / np.sqrt(len(gains)) > margin)
