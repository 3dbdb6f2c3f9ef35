"""VID: the student's feature predicts the teacher's, with a trained variance per channel."""

import math
import numbers
from typing import Any

import keras
from keras import ops

from tf_lpdistill.losses.arguments import map_shape
from tf_lpdistill.losses.base import Loss, batch_mean
from tf_lpdistill.ops import as_maps, match_sizes
from tf_lpdistill.types import Shape, Structure, Tensor

_MINIMUM_VARIANCE = 1e-5  # the epsilon of the authors' code


def gaussian_information(
    teacher_maps: Tensor, mean: Tensor, variance: Tensor, sample_weight: Tensor | None = None
) -> Tensor:
    """`1/2 ((mu - f_T)^2 / var + log var)`, mean over all entries and over the batch.

    Args:
        teacher_maps: (batch, height, width, channels) float32.
        mean: the same shape: mu, what the student predicts.
        variance: (channels,) float32, positive.
        sample_weight: (batch,) or None.

    Returns:
        Scalar float32, which may be negative.
    """
    teacher = ops.stop_gradient(teacher_maps)
    surprise = 0.5 * (ops.square(mean - teacher) / variance + ops.log(variance))
    return batch_mean(ops.mean(surprise, axis=(1, 2, 3)), sample_weight)


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class VariationalInformation(Loss):
    """Variational information distillation (VID).

    The student's feature predicts the teacher's as a Gaussian, and the negative log-likelihood is
    a bound on their mutual information (up to a constant):

        1/2 ((mu(f_S) - f_T)^2 / var_c + log var_c),    var_c = softplus(a_c) + 1e-5

    with a regressor mu (three 1x1 convolutions without bias, as wide as the teacher's feature, ReLU
    between) and one trained a_c for each channel c. A mean over entries, as in the public code,
    where weight 1 is the default; the paper sums: multiply the weight by the number of entries.
    The value may be negative. Regressor and variance belong to the loss and are trained with the
    student.

    A vector is a map of one pixel; of two maps of unequal size the larger is average-pooled.
    Reading: the paper leaves the regressor of a layer open, this one is the public code's.

    Args:
        teacher_layer_name: the teacher's feature; None for its output.
        student_layer_name: the student's feature; None for its output.
        initial_variance: var_c before training, above 1e-5; the public code's default is 5.
        name: name of the term in the logs.

    Raises:
        ValueError: when `initial_variance` is not a finite number above 1e-5; when it is built,
            for features that are neither maps of known size nor vectors.

    Reference: Ahn, Hu, Damianou, Lawrence, Dai, Variational Information Distillation for Knowledge
    Transfer, CVPR 2019 (https://arxiv.org/abs/1904.05835), section 2.

    Examples:
        >>> loss = VariationalInformation("block3", "conv5")
        >>> loss.initial_variance
        5.0
    """

    def __init__(
        self,
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        *,
        initial_variance: float = 5.0,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        real = isinstance(initial_variance, numbers.Real)
        if not real or not _MINIMUM_VARIANCE < initial_variance < math.inf:
            raise ValueError(
                f"`initial_variance` must be a finite number above {_MINIMUM_VARIANCE}. "
                f"Received: initial_variance={initial_variance!r}"
            )
        self.initial_variance = float(initial_variance)

    def build_features(self, teacher_shape: Shape, student_shape: Shape) -> None:
        """Makes the regressor and the variance."""
        teacher, student = (map_shape(self.name, s) for s in (teacher_shape, student_shape))
        channels = teacher[3]
        self.regressor = [
            keras.layers.Conv2D(channels, 1, activation=activation, use_bias=False, dtype="float32")
            for activation in ("relu", "relu", None)
        ]
        self.regressor[0].build(student)
        for layer in self.regressor[1:]:
            layer.build(teacher)
        self.raw_variance = self.add_weight(
            shape=(channels,),
            initializer=keras.initializers.Constant(
                _inverse_softplus(self.initial_variance - _MINIMUM_VARIANCE)
            ),
            name="raw_variance",
        )

    def variance(self) -> Tensor:
        """Returns the variance of each channel of the teacher's feature: (channels,) float32."""
        return ops.softplus(self.raw_variance) + _MINIMUM_VARIANCE

    def compute_loss(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """See `gaussian_information`."""
        self.ensure_built(teacher_outputs.shape, student_outputs.shape)
        features = (teacher_outputs, student_outputs)
        teacher, mean = match_sizes(*(as_maps(ops.cast(f, "float32")) for f in features))
        for layer in self.regressor:
            mean = layer(mean)
        return gaussian_information(teacher, mean, self.variance(), sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        return {**super().get_config(), "initial_variance": self.initial_variance}


def _inverse_softplus(value):
    # log(exp(value) - 1), written so that a large value does not overflow.
    return value + math.log(-math.expm1(-value))
