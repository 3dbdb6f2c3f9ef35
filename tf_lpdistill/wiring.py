"""How the terms of a distiller are joined to its teacher and its student."""

import dataclasses
from collections.abc import Sequence
from typing import Self, TypeAlias

import keras

from tf_lpdistill.batch import Batch
from tf_lpdistill.taps import Tap
from tf_lpdistill.teachers import AbsentTeacher, AnyTeacher, connect
from tf_lpdistill.teachers.connect import Source
from tf_lpdistill.teachers.names import check_teacher_names
from tf_lpdistill.terms import Term, build_losses, layer_names
from tf_lpdistill.types import Structure, Tensor

# Predictions and features.
Outputs: TypeAlias = tuple[Structure, dict[str, Structure]]


@dataclasses.dataclass(frozen=True)
class Wiring:
    """The terms, and where the outputs come from that they compare.

    A plain value on purpose: Keras tracks and saves whatever model it finds in an attribute, and
    does not look into a dataclass.

    Args:
        terms: the distillation terms.
        teacher: source of the teacher's outputs, see `teachers.connect`.
        student_tap: `Tap` of the student that gives the features that the terms name.
    """

    terms: tuple[Term, ...]
    teacher: Source
    student_tap: Tap

    @classmethod
    def of(cls, teacher: AnyTeacher, student: keras.Model, terms: Sequence[Term]) -> Self:
        """Joins terms to their networks.

        Args:
            teacher: as for `Distiller`, or an `AbsentTeacher`.
            student: a `keras.Model`.
            terms: as `terms.make_terms` makes them.

        Raises:
            ValueError: for a teacher that is none, and features that a network does not have.
        """
        student_tap = Tap(student, layer_names(terms, "student_layer_name"))
        source = connect(teacher, layer_names(terms, "teacher_layer_name"))
        check_teacher_names(terms, source.teacher_names)
        return cls(tuple(terms), source, student_tap)

    @property
    def has_teacher(self) -> bool:
        """Whether there is one: not in a distiller that was loaded without it."""
        return not isinstance(self.teacher, AbsentTeacher)

    def require_teacher(self) -> None:
        """Raises `RuntimeError`, with the way out, where there is no teacher."""
        if not self.has_teacher:
            self.teacher.refuse()

    def build(self, inputs: Structure) -> None:
        """Makes the losses' weights; without a teacher they come from the file.

        Args:
            inputs: symbolic inputs of the student.

        Raises:
            ValueError: for inputs that the teacher does not take, and losses that cannot compare
                their features.
        """
        if self.has_teacher:
            ensemble = bool(self.teacher.teacher_names)
            build_losses(self.terms, *self.output_specs(inputs), ensemble=ensemble)

    def output_specs(self, inputs: Structure) -> tuple[Outputs, Outputs]:
        """Returns the symbolic `(teacher's, student's)` outputs for symbolic `inputs`."""
        self.teacher.check_inputs(inputs)
        return self.teacher.output_specs(inputs), self.student_tap.compute_output_spec(inputs)

    def outputs(self, batch: Batch) -> tuple[Outputs, Outputs]:
        """Returns the `(teacher's, student's)` outputs of a `batch`, both in inference mode."""
        return self.teacher.outputs(batch), self.student_outputs(batch, training=False)

    def teacher_outputs(self, batch: Batch) -> Outputs | None:
        """Returns the teacher's `(predictions, features)` of a `batch`; None without terms."""
        return self.teacher.outputs(batch) if self.terms else None

    def student_outputs(self, batch: Batch, training: bool) -> Outputs:
        """Returns the student's `(predictions, features)` of a `batch`, in a mode (`training`)."""
        return self.student_tap(batch.inputs, training=training)

    def values(
        self,
        batch: Batch,
        y: Structure,
        sample_weight: Tensor | None,
        teacher_outputs: Outputs | None,
        student_outputs: Outputs,
        step: int | Tensor,
    ) -> list[Tensor]:
        """Computes the terms on this replica, unweighted.

        Args:
            batch: a `Batch`.
            y: its labels, or None.
            sample_weight: (batch,) weights, or None.
            teacher_outputs: as `teacher_outputs` gives them.
            student_outputs: as `student_outputs` gives them.
            step: of the optimizer, an integer scalar.

        Returns:
            List of float32 scalars.
        """
        extras = {
            "y": y,
            "sample_weight": sample_weight,
            "sample_id": batch.sample_id,
            "step": step,
            "teacher_weights": self.teacher.teacher_weights,
        }
        return [term.value(teacher_outputs, student_outputs, **extras) for term in self.terms]
