"""DKD: what the teacher says of the true class and of the others, weighted apart."""

from typing import Any

import keras
from keras import ops

from tf_lpdistill.losses.arguments import (
    check_not_negative,
    check_positive,
    check_same_classes,
    class_indices,
)
from tf_lpdistill.losses.base import Loss, batch_mean
from tf_lpdistill.types import Shape, Structure, Tensor

_NEVER = -1e30  # the logit of a class that is left out; below all others and still finite


def decoupled_divergences(
    teacher_logits: Tensor, student_logits: Tensor, is_target: Tensor, temperature: float = 4.0
) -> tuple[Tensor, Tensor]:
    """The target and the non-target part of the divergence of softened outputs.

    With p the softened probability of the target class and q_j = p_j / (1 - p) of the others:

        target part      p_T log(p_T / p_S) + (1 - p_T) log((1 - p_T) / (1 - p_S))
        non-target part  sum_j q_Tj log(q_Tj / q_Sj)

    so that KL(P_T || P_S) is the target part plus (1 - p_T) times the non-target part.

    Args:
        teacher_logits: (batch, classes), any float dtype.
        student_logits: (batch, classes), any float dtype.
        is_target: (batch, classes) bool, True for the target class of each sample.
        temperature: positive.

    Returns:
        The two parts, each (batch,) float32.
    """
    teacher = ops.stop_gradient(ops.cast(teacher_logits, "float32")) / temperature
    student = ops.cast(student_logits, "float32") / temperature
    log_target, log_rest, log_others = _decoupled_logs(teacher, is_target)
    student_target, student_rest, student_others = _decoupled_logs(student, is_target)
    target_part = ops.exp(log_target) * (log_target - student_target)
    target_part += ops.exp(log_rest) * (log_rest - student_rest)
    nontarget_part = ops.sum(ops.exp(log_others) * (log_others - student_others), axis=-1)
    return target_part, nontarget_part


def _decoupled_logs(logits, is_target):
    """log p and log(1 - p), (batch,) each, and log q, (batch, classes), 0 for the target."""
    log_probabilities = ops.log_softmax(logits)
    log_target = ops.sum(ops.where(is_target, log_probabilities, 0.0), axis=-1)
    others = ops.where(is_target, _NEVER, logits)
    log_rest = ops.logsumexp(ops.where(is_target, _NEVER, log_probabilities), axis=-1)
    return log_target, log_rest, ops.where(is_target, _NEVER, ops.log_softmax(others))


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class DecoupledSoftTarget(Loss):
    """Decoupled knowledge distillation (DKD).

    KD is the divergence of target against rest (TCKD), plus that among the other classes (NCKD)
    times 1 - p_T: the surer the teacher, the less its view of the other classes counts. DKD weighs
    the two apart:

        T^2 (target_weight TCKD + nontarget_weight NCKD),    mean over the batch

    With p the softened probability of the true class and q_j = p_j / (1 - p) of the others, TCKD is
    the divergence of (p, 1 - p), NCKD that of q. The defaults are the authors', who raise the
    weight from 0 over the first 20 epochs: give the `Distiller` a schedule as its weight.

    Labels are classes, (batch,) or (batch, 1), or one-hot, (batch, classes), of which the largest
    entry counts.

    Args:
        teacher_layer_name: feature that holds the teacher's logits; None for its output.
        student_layer_name: feature that holds the student's logits; None for its output.
        temperature: T, a positive float.
        target_weight: weight of TCKD, not negative (the paper's alpha).
        nontarget_weight: weight of NCKD, not negative (the paper's beta, 8 on CIFAR-100).
        name: name of the term in the logs.

    Raises:
        ValueError: for arguments out of range; before training, for fewer than 3 classes or
            different ones; for missing labels, or labels of another shape.

    Reference: Zhao, Cui, Song, Qiu, Liang, Decoupled Knowledge Distillation, CVPR 2022
    (https://arxiv.org/abs/2203.08679), Eqs. 6 and 7.

    Examples:
        >>> loss = DecoupledSoftTarget()
        >>> logits = keras.ops.array([[1.0, 2.0, 3.0]])
        >>> float(loss.compute_loss(logits, logits, y=keras.ops.array([2])))
        0.0
    """

    needs = ("y",)

    def __init__(
        self,
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        *,
        temperature: float = 4.0,
        target_weight: float = 1.0,
        nontarget_weight: float = 8.0,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        self.temperature = check_positive("temperature", temperature)
        self.target_weight = check_not_negative("target_weight", target_weight)
        self.nontarget_weight = check_not_negative("nontarget_weight", nontarget_weight)

    def build_features(self, teacher_shape: Shape, student_shape: Shape) -> None:
        """Refuses different classes, and fewer than 3."""
        check_same_classes(self.name, teacher_shape, student_shape)
        if len(teacher_shape) != 2 or teacher_shape[1] < 3:
            raise ValueError(
                f"{self.name}: expected outputs of shape (batch, classes) with 3 classes or more: "
                "with two there is a single other class, and nothing to distil among the others. "
                f"Received: outputs of shape {teacher_shape}. Use SoftTarget instead."
            )

    def check(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_id: Tensor | None = None,
    ) -> None:
        """Refuses labels that are no class of the outputs."""
        classes = student_outputs.shape[1]
        labels = ops.convert_to_numpy(class_indices(self.name, y, classes))
        if not ((labels >= 0) & (labels < classes)).all():
            raise ValueError(
                f"{self.name}: labels must be classes from 0 to {classes - 1}. Received: y from "
                f"{labels.min()} to {labels.max()} with outputs of {classes} classes."
            )

    def compute_loss(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """Weighs the parts of `decoupled_divergences`; see the class."""
        self.ensure_built(teacher_outputs.shape, student_outputs.shape)
        is_target = self._is_target(y, student_outputs.shape[1])
        target_part, nontarget_part = decoupled_divergences(
            teacher_outputs, student_outputs, is_target, self.temperature
        )
        weighted = self.target_weight * target_part + self.nontarget_weight * nontarget_part
        return self.temperature**2 * batch_mean(weighted, sample_weight)

    def _is_target(self, y, classes):
        if y is None:
            raise ValueError(
                f"{self.name}: the labels tell the target class from the others. Pass them to "
                "`fit`, or use SoftTarget, which needs none. Received: y=None"
            )
        target = class_indices(self.name, y, classes)
        return target[:, None] == ops.arange(classes, dtype="int32")[None, :]

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        return {
            **super().get_config(),
            "temperature": self.temperature,
            "target_weight": self.target_weight,
            "nontarget_weight": self.nontarget_weight,
        }
