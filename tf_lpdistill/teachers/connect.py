"""From what a user gives as the teacher to what a step asks for its outputs."""

from typing import Any, Protocol

import keras

from tf_lpdistill.batch import Batch
from tf_lpdistill.teachers.live import LiveTeacher


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

    def check_inputs(self, inputs: Any) -> None:
        """Raises `ValueError` for inputs that the teacher does not take."""

    def outputs(self, batch: Batch) -> tuple[Any, dict[str, Any]]:
        """Returns `(predictions, features)` of a `Batch`."""

    def output_specs(self, inputs: Any) -> tuple[Any, dict[str, Any]]:
        """Returns the symbolic `(predictions, features)` for symbolic inputs."""

    def fingerprint(self) -> str:
        """Returns what identifies the trained teacher."""


def connect(teacher, names):
    """Makes the source of a teacher's outputs.

    Args:
        teacher: a `keras.Model`, or what makes its own by `source(names)`: a `TeacherEnsemble`, a
            `TeacherCache`.
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
