"""KD: the student learns the teacher's softened probabilities."""

import math
import numbers

import keras
from keras import ops

from tf_lpdistill.losses.base import Loss, batch_mean


def soft_target(teacher_logits, student_logits, temperature=4.0, sample_weight=None):
    """`T^2 KL(softmax(z_T / T) || softmax(z_S / T))`, mean over the batch.

    Args:
        teacher_logits: (batch, classes), any float dtype.
        student_logits: (batch, classes), any float dtype.
        temperature: T, positive.
        sample_weight: (batch,) or None.

    Returns:
        Scalar float32.
    """
    teacher = ops.stop_gradient(ops.cast(teacher_logits, "float32")) / temperature
    student = ops.cast(student_logits, "float32") / temperature
    log_ratio = ops.log_softmax(teacher) - ops.log_softmax(student)
    divergence = ops.sum(ops.softmax(teacher) * log_ratio, axis=-1)
    return temperature**2 * batch_mean(divergence, sample_weight)


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class SoftTarget(Loss):
    """Knowledge distillation from softened outputs (KD).

    `T^2 KL(P_T || P_S)` with `P = softmax(logits / T)`, mean over the batch. The factor T^2 keeps
    the size of the gradient, and with it a chosen weight, when the temperature changes.

    Eq. 2 of the locality preserving paper (https://arxiv.org/abs/1812.06597) has the cross-entropy
    of the same distributions and no T^2: its gradient is this one divided by T^2, so its lambda is
    a weight of lambda / T^2 here.

    Args:
        teacher_layer_name: feature that holds the teacher's logits; None for its output.
        student_layer_name: feature that holds the student's logits; None for its output.
        temperature: T, a positive float.
        name: name of the term in the logs.

    Raises:
        ValueError: when `temperature` is not positive; before training, when teacher and student
            have different numbers of classes.

    Reference: Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network, 2015
    (https://arxiv.org/abs/1503.02531), section 2.

    Example:

    >>> loss = SoftTarget(temperature=4.0)
    >>> logits = keras.ops.array([[1.0, 2.0, 3.0]])
    >>> float(loss.compute_loss(logits, logits))
    0.0
    """

    def __init__(
        self, teacher_layer_name=None, student_layer_name=None, *, temperature=4.0, name=None
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        if not isinstance(temperature, numbers.Real) or not 0 < temperature < math.inf:
            raise ValueError(
                "`temperature` must be a positive, finite number. "
                f"Received: temperature={temperature!r}"
            )
        self.temperature = float(temperature)

    def compute_loss(self, teacher_outputs, student_outputs, y=None, sample_weight=None):
        """See `soft_target`."""
        return soft_target(teacher_outputs, student_outputs, self.temperature, sample_weight)

    def build_features(self, teacher_shape, student_shape):
        """Refuses different numbers of classes."""
        if teacher_shape[1:] != student_shape[1:]:
            raise ValueError(
                f"{self.name}: teacher and student must have the same classes. Received: teacher "
                f"output {teacher_shape}, student output {student_shape}. Name the layers that "
                "hold the logits, or distil features instead, e.g. with LocalityPreserving."
            )

    def get_config(self):
        """Returns the arguments of the loss."""
        return {**super().get_config(), "temperature": self.temperature}
