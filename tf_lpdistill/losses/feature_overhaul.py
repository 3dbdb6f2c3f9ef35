"""OFD: margin ReLU on the teacher's feature, partial squared difference to the student's."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tf_lpdistill.losses.arguments import map_shape
from tf_lpdistill.losses.base import Loss, batch_mean
from tf_lpdistill.losses.connector import Connector
from tf_lpdistill.ops import as_maps, channel_mean, match_sizes
from tf_lpdistill.types import Shape, Structure, Tensor

# The authors' code: a channel that is negative less often than this has the margin -3 sigma.
_RARELY_NEGATIVE = 1e-3


def partial_squared_difference(
    teacher_maps: Tensor, student_maps: Tensor, margin: Tensor, sample_weight: Tensor | None = None
) -> Tensor:
    """`(s - t')^2 [s > t' or t' > 0]` with the margin ReLU `t' = max(t, margin_c)`.

    Args:
        teacher_maps: (batch, height, width, channels) float32 before the ReLU.
        student_maps: the same shape, before the ReLU.
        margin: float32 that broadcasts to (1, 1, 1, channels), not positive.
        sample_weight: (batch,) or None.

    Returns:
        Scalar float32: the mean over all entries and over the batch.
    """
    target = ops.stop_gradient(ops.maximum(teacher_maps, margin))
    counted = ops.logical_or(student_maps > target, target > 0.0)
    difference = ops.where(counted, ops.square(student_maps - target), 0.0)
    return batch_mean(ops.mean(difference, axis=(1, 2, 3)), sample_weight)


def batch_norm_margin(layer: keras.layers.BatchNormalization) -> np.ndarray:
    """The margin of each channel from the BatchNormalization layer that feeds the ReLU.

    The layer's outputs t have mean beta and standard deviation |gamma|; taken as normal,

        E[t | t < 0] = beta - |gamma| phi(beta / gamma) / Phi(-beta / |gamma|)

    with the normal density phi and distribution Phi; -3 |gamma| where t is negative less often
    than once in a thousand, as in the authors' code.

    Args:
        layer: a built `keras.layers.BatchNormalization`, with or without center and scale.

    Returns:
        Float32 numpy array of shape (channels,), for `FeatureOverhaul(margin=...)`.

    Raises:
        ValueError: for another layer, or one that is not built.

    Examples:
        >>> layer = keras.layers.BatchNormalization()
        >>> layer.build((None, 2))
        >>> [round(float(margin), 4) for margin in batch_norm_margin(layer)]  # -sqrt(2 / pi)
        [-0.7979, -0.7979]
    """
    if not isinstance(layer, keras.layers.BatchNormalization) or not layer.built:
        raise ValueError(
            "`layer` must be a built keras.layers.BatchNormalization, the one whose output the "
            f"loss names as the teacher's feature. Received: layer={layer!r}"
        )
    channels = layer.moving_mean.shape[0]
    beta = np.zeros(channels) if layer.beta is None else layer.beta.numpy()
    gamma = np.ones(channels) if layer.gamma is None else layer.gamma.numpy()
    margins = [_negative_mean(float(b), abs(float(g))) for b, g in zip(beta, gamma, strict=True)]
    return np.array(margins, "float32")


def _negative_mean(mean, deviation):
    """E[t | t < 0] of a normal variable."""
    if deviation == 0.0:
        return min(mean, 0.0)
    ratio = mean / deviation
    negative = 0.5 * math.erfc(ratio / math.sqrt(2.0))
    if negative <= _RARELY_NEGATIVE:
        return -3.0 * deviation
    density = math.exp(-0.5 * ratio**2) / math.sqrt(2.0 * math.pi)
    return mean - deviation * density / negative


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class FeatureOverhaul(Loss):
    """The overhaul of feature distillation (OFD).

    For the features before their ReLU, t of the teacher and s of the student after a connector:

        (s - t')^2 [s > t' or t' > 0],    t' = max(t, margin_c),    margin_c = E[t | t < 0]

    Where the teacher is silent the student has only to be silent as well, not equally far below 0.
    A mean over entries; the authors' code sums over entries, means over the batch, and takes 1/1000
    of it (CIFAR-100), halved with each earlier layer: a weight of 0.001 times the number of entries
    for the last layer, for the one before half of that times its own entries.

    The connector is a 1x1 convolution with batch normalisation. It belongs to the loss and is
    trained with the student; its moments are those of the batch of all replicas. Name layers whose
    outputs are *before* the ReLU. Of maps of unequal size the larger is average-pooled.

    Args:
        teacher_layer_name: the teacher's feature before the ReLU, in the paper the output of a
            BatchNormalization; None for its output.
        student_layer_name: the student's feature before the ReLU; None for its output.
        margin: one number a channel of the teacher's feature, none above 0:
            `batch_norm_margin(teacher.get_layer(...))` computes it as the authors do. None: the
            mean of the teacher's negative values in each batch of all replicas, channel by
            channel, for teachers without batch normalisation.
        name: name of the term in the logs.

    Raises:
        ValueError: when `margin` is not a vector of finite numbers up to 0; when it is built, if
            they are not as many as the teacher's channels, or for features that are neither maps
            of known size nor vectors.

    Reference: Heo, Kim, Yun, Park, Kwak, Choi, A Comprehensive Overhaul of Feature Distillation,
    ICCV 2019 (https://arxiv.org/abs/1904.01866), Eq. 4, and appendix A for the margin.

    Examples:
        >>> norm = keras.layers.BatchNormalization()
        >>> norm.build((None, 8, 8, 64))
        >>> loss = FeatureOverhaul("block3_bn", "conv5_bn", margin=batch_norm_margin(norm))
        >>> len(loss.margin)
        64
    """

    def __init__(
        self,
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        *,
        margin: Sequence[float] | None = None,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        self.margin = None if margin is None else _as_margin(margin)

    def build_features(self, teacher_shape: Shape, student_shape: Shape) -> None:
        """Makes the connector."""
        teacher, student = (map_shape(self.name, s) for s in (teacher_shape, student_shape))
        if self.margin is not None and len(self.margin) != teacher[3]:
            raise ValueError(
                f"{self.name}: `margin` must hold one number for each of the {teacher[3]} "
                f"channels of the teacher's feature {teacher_shape}. Received: {len(self.margin)} "
                "numbers. Compute it from the BatchNormalization whose output is the feature."
            )
        self.connector = Connector(teacher[3])
        self.connector.build(student)

    def compute_loss(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """See `partial_squared_difference`."""
        self.ensure_built(teacher_outputs.shape, student_outputs.shape)
        features = (teacher_outputs, student_outputs)
        teacher, student = match_sizes(*(as_maps(ops.cast(f, "float32")) for f in features))
        margin = self.margin
        if margin is None:
            margin = _negative_batch_mean(teacher, sample_weight)
        student = self.connector(student, sample_weight)
        return partial_squared_difference(teacher, student, margin, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        return {**super().get_config(), "margin": self.margin}


def _as_margin(margin):
    values = np.asarray(margin, "float32")
    if values.ndim != 1 or not np.isfinite(values).all() or (values > 0.0).any():
        raise ValueError(
            "`margin` must be a vector of finite numbers up to 0, one a channel: the mean of the "
            f"teacher's negative values. Received: margin={margin!r}"
        )
    return values.tolist()


def _negative_batch_mean(maps, sample_weight):
    negative = maps < 0.0
    if sample_weight is not None:
        valid = ops.reshape(ops.cast(sample_weight, "float32") > 0.0, (-1, 1, 1, 1))
        negative = ops.logical_and(negative, valid)
    return channel_mean(maps, negative)
