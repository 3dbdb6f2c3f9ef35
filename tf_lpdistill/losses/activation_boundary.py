"""AB: the student's neurons are active where the teacher's are."""

from typing import Any

import keras
from keras import ops

from tf_lpdistill.losses.arguments import check_positive, map_shape
from tf_lpdistill.losses.base import Loss, batch_mean
from tf_lpdistill.losses.connector import Connector
from tf_lpdistill.ops import as_maps, match_sizes
from tf_lpdistill.types import Shape, Structure, Tensor


def activation_boundary(
    teacher_maps: Tensor,
    student_maps: Tensor,
    margin: float = 1.0,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """`relu(m - s)^2` where the teacher's neuron is active, `relu(m + s)^2` where it is not.

    Args:
        teacher_maps: (batch, height, width, channels) float32 before the ReLU; active above 0.
        student_maps: the same shape, before the ReLU.
        margin: m, positive.
        sample_weight: (batch,) or None.

    Returns:
        Scalar float32: the mean over all entries and over the batch.
    """
    sign = ops.where(ops.stop_gradient(teacher_maps) > 0.0, 1.0, -1.0)
    missing = ops.square(ops.relu(margin - sign * student_maps))
    return batch_mean(ops.mean(missing, axis=(1, 2, 3)), sample_weight)


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class ActivationBoundary(Loss):
    """Distillation of activation boundaries (AB).

    Which neurons of the teacher are active matters, not how strongly. For the features before
    their ReLU, t of the teacher and s of the student (after a connector), and a margin m:

        (s - m)^2 [s <= m]  where t > 0,        (s + m)^2 [s > -m]  where t <= 0

    as a mean over entries. The authors' code sums over entries, means over the batch and takes
    3/1000 of it, halved with each earlier layer: a weight of 0.003 times the number of entries
    for the last layer, for the one before half of that times its own entries.

    The connector is a 1x1 convolution with batch normalisation, or nothing where the channels are
    as many, as in the authors' code. It belongs to the loss and is trained with the student; its
    moments are those of the batch of all replicas. Name layers whose outputs are *before* the
    ReLU. The paper's two stages are two `Distiller`s: this loss alone (`student_loss_weight=0`),
    then the labels or `SoftTarget`. Reading: of maps of unequal size the larger is average-pooled,
    which the paper has no need of.

    Args:
        teacher_layer_name: the teacher's feature before the ReLU; None for its output.
        student_layer_name: the student's feature before the ReLU; None for its output.
        margin: m, a positive float.
        name: name of the term in the logs.

    Raises:
        ValueError: when `margin` is not a positive, finite number; when it is built, for features
            that are neither maps of known size nor vectors.

    Reference: Heo, Lee, Yun, Choi, Knowledge Transfer via Distillation of Activation Boundaries
    Formed by Hidden Neurons, AAAI 2019 (https://arxiv.org/abs/1811.03233), Eq. 7.

    Examples:
        >>> teacher = keras.ops.array([[2.0, -3.0]])
        >>> student = keras.ops.array([[0.5, -4.0]])
        >>> float(ActivationBoundary().compute_loss(teacher, student))  # (0.25 + 0) / 2
        0.125
    """

    def __init__(
        self,
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        *,
        margin: float = 1.0,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        self.margin = check_positive("margin", margin)
        self.connector = None

    def build_features(self, teacher_shape: Shape, student_shape: Shape) -> None:
        """Makes the connector, where the channels differ."""
        teacher, student = (map_shape(self.name, s) for s in (teacher_shape, student_shape))
        if teacher[3] != student[3]:
            self.connector = Connector(teacher[3])
            self.connector.build(student)

    def compute_loss(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """See `activation_boundary`."""
        self.ensure_built(teacher_outputs.shape, student_outputs.shape)
        features = (teacher_outputs, student_outputs)
        teacher, student = match_sizes(*(as_maps(ops.cast(f, "float32")) for f in features))
        if self.connector is not None:
            student = self.connector(student, sample_weight)
        return activation_boundary(teacher, student, self.margin, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        return {**super().get_config(), "margin": self.margin}
