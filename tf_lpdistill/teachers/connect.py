"""From what a user gives as the teacher to what a step asks for its outputs."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import keras

from tf_lpdistill.batch import Batch
from tf_lpdistill.teachers.live import LiveTeacher
from tf_lpdistill.types import Structure


class Source(Protocol):
    """Where a step gets the teacher's outputs from.

    Attributes:
        model: the teacher as it was given.
        teacher_names: names of an ensemble's teachers; () for one teacher.
        teacher_weights: their weights; None for one teacher.
    """

    model: Any
    teacher_names: tuple[str, ...]
    teacher_weights: tuple[float, ...] | None

    def check_inputs(self, inputs: Structure) -> None:
        """Raises `ValueError` for `inputs` that the teacher does not take."""

    def outputs(self, batch: Batch) -> tuple[Structure, dict[str, Structure]]:
        """Returns `(predictions, features)` of a `batch`."""

    def output_specs(self, inputs: Structure) -> tuple[Structure, dict[str, Structure]]:
        """Returns the symbolic `(predictions, features)` for symbolic `inputs`."""

    def fingerprint(self) -> str:
        """Returns what identifies the trained teacher."""


class Teacher(Protocol):
    """What is no model and teaches all the same: it makes a source of its own."""

    def source(self, names: Sequence[str]) -> Source:
        """Returns the source of the features with these `names`."""


# What a user gives as the teacher.
AnyTeacher: TypeAlias = keras.Model | Teacher


def connect(teacher: AnyTeacher, names: Sequence[str]) -> Source:
    """Makes the source of a teacher's outputs.

    Args:
        teacher: a `keras.Model`, a `TeacherEnsemble` or a `TeacherCache`.
        names: names of the features that the losses want.

    Returns:
        A `Source`.

    Raises:
        ValueError: for anything else, and for names that the teacher does not have.
    """
    if isinstance(teacher, keras.Model):
        return LiveTeacher(teacher, names)
    if hasattr(teacher, "source"):
        return teacher.source(names)
    raise ValueError(
        "`teacher` must be a keras.Model, a tf_lpdistill.TeacherEnsemble of several, or a "
        f"tf_lpdistill.TeacherCache. Received: teacher={teacher!r} of type {type(teacher).__name__}"
    )
