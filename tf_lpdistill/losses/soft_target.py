"""KD: the student learns the teacher's softened probabilities."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tf_lpdistill.losses.arguments import by_teacher, check_positive, check_same_classes
from tf_lpdistill.losses.base import Loss, batch_mean
from tf_lpdistill.types import LayerNames, Shape, Structure, Tensor


def soft_target(
    teacher_logits: Tensor | tuple[Tensor, ...],
    student_logits: Tensor,
    temperature: float = 4.0,
    sample_weight: Tensor | None = None,
    teacher_weights: Sequence[float] | None = None,
) -> Tensor:
    """`T^2 KL(P_T || softmax(z_S / T))`, mean over the batch.

    `P_T` is `softmax(z_T / T)`, of several teachers `sum_t w_t softmax(z_t / T)`.

    Args:
        teacher_logits: (batch, classes), any float dtype; or a tuple of such, one a teacher.
        student_logits: (batch, classes), any float dtype.
        temperature: T, positive.
        sample_weight: (batch,) or None.
        teacher_weights: w, one float a teacher, with sum 1; None: all the same.

    Returns:
        Scalar float32.
    """
    weighted = [
        math.log(weight) + _log_probabilities(logits, temperature)
        for weight, logits in by_teacher(teacher_logits, teacher_weights)
    ]
    teacher = ops.stop_gradient(ops.logsumexp(ops.stack(weighted), axis=0))
    log_ratio = teacher - _log_probabilities(student_logits, temperature)
    divergence = ops.sum(ops.exp(teacher) * log_ratio, axis=-1)
    return temperature**2 * batch_mean(divergence, sample_weight)


def _log_probabilities(logits, temperature):
    return ops.log_softmax(ops.cast(logits, "float32") / temperature)


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class SoftTarget(Loss):
    """Knowledge distillation from softened outputs (KD).

    `T^2 KL(P_T || P_S)` with `P = softmax(logits / T)`, mean over the batch. The factor T^2 keeps
    the size of the gradient, and with it a chosen weight, when the temperature changes.

    Eq. 2 of the locality preserving paper (https://arxiv.org/abs/1812.06597) has the cross-entropy
    of the same distributions and no T^2: its gradient is this one divided by T^2, so its lambda is
    a weight of lambda / T^2 here.

    Public code (RepDistiller) has this loss with T = 4 and a weight of 0.9 beside a
    `student_loss_weight` of 0.1.

    With a `TeacherEnsemble`, P_T is the weighted mean of the teachers' softened probabilities, not
    the softmax of their mean logits: a teacher with larger logits does not count more.

    Args:
        teacher_layer_name: feature that holds the teacher's logits; None for its output. Of an
            ensemble: that of every teacher, of one, or a tuple of one of each.
        student_layer_name: feature that holds the student's logits; None for its output.
        temperature: T, a positive float.
        name: name of the term in the logs.

    Raises:
        ValueError: when `temperature` is not positive; before training, when teacher and student
            have different numbers of classes.

    Reference: Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network, 2015
    (https://arxiv.org/abs/1503.02531), section 2.

    Examples:
        >>> loss = SoftTarget(temperature=4.0)
        >>> logits = keras.ops.array([[1.0, 2.0, 3.0]])
        >>> float(loss.compute_loss(logits, logits))
        0.0
    """

    several_teachers = True

    def __init__(
        self,
        teacher_layer_name: LayerNames = None,
        student_layer_name: LayerNames = None,
        *,
        temperature: float = 4.0,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        self.temperature = check_positive("temperature", temperature)

    def compute_loss(
        self,
        teacher_outputs: Tensor | tuple[Tensor, ...],
        student_outputs: Tensor,
        y: Structure = None,
        sample_weight: Tensor | None = None,
        teacher_weights: Sequence[float] | None = None,
    ) -> Tensor:
        """See `soft_target`."""
        return soft_target(
            teacher_outputs, student_outputs, self.temperature, sample_weight, teacher_weights
        )

    def build_features(self, teacher_shape: Shape, student_shape: Shape) -> None:
        """Refuses different numbers of classes."""
        several = isinstance(teacher_shape[0], tuple)
        for shape in teacher_shape if several else (teacher_shape,):
            check_same_classes(self.name, shape, student_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        return {**super().get_config(), "temperature": self.temperature}
