"""DIST: the student's probabilities correlate with the teacher's, by sample and by class."""

from typing import Any

import keras
from keras import ops

from tf_lpdistill.losses.arguments import (
    check_not_negative,
    check_positive,
    check_same_classes,
)
from tf_lpdistill.losses.base import batch_mean
from tf_lpdistill.losses.relational import RelationalLoss
from tf_lpdistill.ops import pearson_distance
from tf_lpdistill.types import Shape, Tensor


def class_relations(
    teacher_logits: Tensor,
    student_logits: Tensor,
    temperature: float = 1.0,
    inter_weight: float = 1.0,
    intra_weight: float = 1.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Weighted sum of `1 - corr` over the rows and over the columns of softened outputs.

    Args:
        teacher_logits: (batch, classes) float32.
        student_logits: (batch, classes) float32.
        temperature: T, positive.
        inter_weight: weight of the rows: the classes of one sample.
        intra_weight: weight of the columns: one class over the samples.
        sample_weight: (batch,) float32 or None.

    Returns:
        Scalar float32.
    """
    teacher = ops.softmax(ops.stop_gradient(teacher_logits) / temperature)
    student = ops.softmax(student_logits / temperature)
    inter = batch_mean(pearson_distance(teacher, student), sample_weight)
    column_weight = None if sample_weight is None else sample_weight[:, None]
    intra = ops.mean(pearson_distance(teacher, student, axis=0, weight=column_weight))
    if sample_weight is not None:
        # As for the rows: equal weights w scale the term by w, zeros alone give 0.
        intra = intra * ops.mean(sample_weight)
    return inter_weight * inter + intra_weight * intra


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class ClassRelations(RelationalLoss):
    """Distillation from a stronger teacher (DIST): relations instead of exact probabilities.

    With Y = softmax(logits / T), (batch, classes), and Pearson's correlation rho:

        inter_weight mean_i (1 - rho(Y_T[i, :], Y_S[i, :]))
          + intra_weight mean_c (1 - rho(Y_T[:, c], Y_S[:, c]))

    The first term compares the classes of each sample, the second each class over the samples, of
    the batch of all replicas; sample weights weigh the correlation there. The defaults, 1 and
    T = 1, are those of the authors' code, whose first version has no T. Public code that raises T,
    to 4 on CIFAR-100, multiplies both terms by T^2, which keeps the size of the gradient: a weight
    of T^2 here.

    Two readings. A row or column in which the teacher is constant (a batch of one, uniform
    probabilities) has no correlation and counts 0; public code counts the constant 1. And with two
    classes every correlation over a row is 1 or -1, so that only the second term teaches.

    Args:
        teacher_layer_name: feature that holds the teacher's logits; None for its output.
        student_layer_name: feature that holds the student's logits; None for its output.
        temperature: T, a positive float.
        inter_weight: weight of the correlation over classes (the paper's beta), not negative.
        intra_weight: weight of the correlation over samples (the paper's gamma), not negative.
        name: name of the term in the logs.

    Raises:
        ValueError: for arguments out of range; before training, when teacher and student have
            different numbers of classes.

    Reference: Huang, You, Wang, Qian, Xu, Knowledge Distillation from A Stronger Teacher, NeurIPS
    2022 (https://arxiv.org/abs/2205.10536), Eqs. 8 and 9.

    Examples:
        >>> logits = keras.ops.array([[1.0, 2.0, 3.0], [3.0, 1.0, 2.0], [0.0, 1.0, 0.0]])
        >>> float(ClassRelations().compute_loss(logits, logits)) < 1e-6
        True
    """

    def __init__(
        self,
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        *,
        temperature: float = 1.0,
        inter_weight: float = 1.0,
        intra_weight: float = 1.0,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        self.temperature = check_positive("temperature", temperature)
        self.inter_weight = check_not_negative("inter_weight", inter_weight)
        self.intra_weight = check_not_negative("intra_weight", intra_weight)

    def compare(
        self, teacher: Tensor, student: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """See `class_relations`."""
        return class_relations(
            teacher,
            student,
            self.temperature,
            self.inter_weight,
            self.intra_weight,
            sample_weight,
        )

    def build_features(self, teacher_shape: Shape, student_shape: Shape) -> None:
        """Refuses different numbers of classes."""
        check_same_classes(self.name, teacher_shape, student_shape)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        return {
            **super().get_config(),
            "temperature": self.temperature,
            "inter_weight": self.inter_weight,
            "intra_weight": self.intra_weight,
        }
