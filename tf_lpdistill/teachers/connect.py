"""From what a user gives as the teacher to what a step asks for its outputs."""

from collections.abc import Sequence
from typing import TypeAlias

import keras

from tf_lpdistill.teachers.absent import AbsentTeacher
from tf_lpdistill.teachers.cache import TeacherCache
from tf_lpdistill.teachers.cache.cached import CachedTeacher
from tf_lpdistill.teachers.ensemble import TeacherEnsemble
from tf_lpdistill.teachers.live import LiveTeacher
from tf_lpdistill.teachers.live_ensemble import LiveEnsemble

# What a user gives as the teacher.
AnyTeacher: TypeAlias = keras.Model | TeacherEnsemble | TeacherCache


def connect(
    teacher: AnyTeacher | AbsentTeacher, names: Sequence[str]
) -> LiveTeacher | LiveEnsemble | CachedTeacher | AbsentTeacher:
    """Makes the source of a teacher's outputs.

    A source has `model` (the teacher as it was given), `outputs(batch)` and `output_specs(inputs)`,
    which return `(predictions, features)`, `check_inputs(inputs)`, `fingerprint()`, and of an
    ensemble `teacher_names` and `teacher_weights`, which are () and None for one teacher.

    Args:
        teacher: a `keras.Model`, a `TeacherEnsemble` or a `TeacherCache`; an `AbsentTeacher` is a
            source already.
        names: names of the features that the losses want.

    Returns:
        The source.

    Raises:
        ValueError: for anything else, and for names that the teacher does not have.
    """
    if isinstance(teacher, AbsentTeacher):
        return teacher
    if isinstance(teacher, keras.Model):
        return LiveTeacher(teacher, names)
    if isinstance(teacher, TeacherEnsemble):
        return LiveEnsemble(teacher, names)
    if isinstance(teacher, TeacherCache):
        return CachedTeacher(teacher, names)
    raise ValueError(
        "`teacher` must be a keras.Model, a tf_lpdistill.TeacherEnsemble of several, or a "
        f"tf_lpdistill.TeacherCache. Received: teacher={teacher!r} of type {type(teacher).__name__}"
    )
