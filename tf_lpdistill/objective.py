"""What a distiller minimises, as a function of one batch."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from tf_lpdistill.batch import Batch, unpack
from tf_lpdistill.ops import replicas
from tf_lpdistill.supervision import nan_if_not_finite
from tf_lpdistill.terms import at_step, layer_names
from tf_lpdistill.types import Structure, Tensor
from tf_lpdistill.wiring import Wiring


@dataclasses.dataclass(frozen=True)
class Objective:
    """The weighted total of a distiller, for training loops other than its own `fit`.

        objective = student_loss_weight * supervised loss + sum_i weight_i * loss_i

    This is the total of `Distiller.train_step` without the student's regularisers: those belong to
    whoever owns the weights. Losses with weights of their own are computed with these as they are.
    Made by `Distiller.objective`.

    Args:
        wiring: the distillation terms and where their features come from.
        supervised_loss: function `(y, predictions, sample_weight) -> scalar`.
        student_loss_weight: float, or a schedule over optimizer steps.
        optimizer: whose step the schedules run over; outside `fit` it stands still.
    """

    wiring: Wiring
    supervised_loss: Callable
    student_loss_weight: Any
    optimizer: Any

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Names of the student's features that the losses want, as `taps.Tap` takes them."""
        return tuple(dict.fromkeys(layer_names(self.wiring.terms, "student_layer_name")))

    def __call__(
        self,
        x: Structure,
        y: Structure,
        student_features: tuple[Structure, Structure],
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """Runs the teacher on a batch and returns the total.

        Args:
            x: the batch's inputs, or `{"inputs", "sample_id", "teacher"}` (see `batch.unpack`).
            y: its labels; None only where `student_loss_weight` is 0.
            student_features: `(predictions, {layer name: tensor})` of the student on this batch,
                as `taps.Tap` returns them, with all of `layer_names`.
            sample_weight: (batch,) weights, or None.

        Returns:
            Scalar float32. Gradients flow into `student_features`, not into the teacher.

        Raises:
            ValueError: when labels or features are missing.
        """
        predictions, features = student_features
        self._check(y, features)
        batch = unpack(x)
        teacher_outputs = keras.tree.map_structure(
            ops.stop_gradient, self.wiring.teacher_outputs(batch)
        )
        values = self.values(batch, y, sample_weight, teacher_outputs, student_features)
        student_loss = self.supervised_loss(y, predictions, sample_weight)
        student_loss = nan_if_not_finite(student_loss, batch.inputs, sample_weight)
        return ops.cast(self.total(student_loss, values), "float32")

    def values(
        self,
        batch: Batch,
        y: Structure,
        sample_weight: Tensor | None,
        teacher_outputs: tuple[Structure, Structure] | None,
        student_outputs: tuple[Structure, Structure],
    ) -> list[Tensor]:
        """Returns the terms at the optimizer's step, see `Wiring.values`."""
        outputs, step = (teacher_outputs, student_outputs), self.optimizer.iterations
        return self.wiring.values(batch, y, sample_weight, *outputs, step)

    def total(self, student_loss: Tensor, values: Sequence[Tensor]) -> Tensor:
        """Returns the weighted sum; under replicas, divided by their number as Keras does.

        Args:
            student_loss: scalar, already divided.
            values: list of the terms' values, not divided.
        """
        step = self.optimizer.iterations
        total = at_step(self.student_loss_weight, step) * student_loss
        for term, value in zip(self.wiring.terms, values, strict=True):
            total = total + replicas.scale(at_step(term.weight, step) * value)
        return total

    def _check(self, y, features):
        missing = [name for name in self.layer_names if name not in features]
        if missing:
            raise ValueError(
                "`student_features` must hold every feature that the losses name. Received: "
                f"{sorted(features)} without {missing}. Tap the layers in `objective.layer_names`."
            )
        if y is None and self.student_loss_weight != 0:
            raise ValueError(
                "The supervised loss needs labels. Received: y=None with student_loss_weight="
                f"{self.student_loss_weight}. Pass labels, or make the Distiller with "
                "student_loss_weight=0 to train on the teacher alone."
            )
