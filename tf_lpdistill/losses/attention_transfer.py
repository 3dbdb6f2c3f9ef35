"""AT: the student looks where the teacher looks."""

import math
import numbers
from typing import Any

import keras
from keras import ops

from tf_lpdistill.losses.base import Loss, batch_mean
from tf_lpdistill.losses.map_shapes import check_maps
from tf_lpdistill.ops import flatten, l2_normalize, match_sizes, unit_scale
from tf_lpdistill.types import Shape, Structure, Tensor


def attention_transfer(
    teacher_maps: Tensor,
    student_maps: Tensor,
    power: float = 2,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """`mean (Q_T / |Q_T| - Q_S / |Q_S|)^2` with `Q = vec(sum_c |A_c|^power)`.

    Args:
        teacher_maps: (batch, height, width, channels), any float dtype; no gradient.
        student_maps: the same with any height, width and channels.
        power: p of the attention map, 1 or more.
        sample_weight: (batch,) or None.

    Returns:
        Scalar float32.
    """
    teacher = ops.stop_gradient(ops.cast(teacher_maps, "float32"))
    teacher, student = match_sizes(teacher, ops.cast(student_maps, "float32"))
    difference = attention_map(teacher, power) - attention_map(student, power)
    return batch_mean(ops.mean(ops.square(difference), axis=1), sample_weight)


def attention_map(maps: Tensor, power: float = 2) -> Tensor:
    """`Q / |Q|` with `Q = vec(sum_c |A_c|^power)`: how active each pixel is, over all channels.

    Args:
        maps: (batch, height, width, channels) float32.
        power: p, 1 or more.

    Returns:
        (batch, height * width) float32 rows of length 1; a map of zeros gives zeros.
    """
    activity = ops.power(ops.abs(unit_scale(maps, axis=(1, 2, 3))), power)
    return l2_normalize(flatten(ops.sum(activity, axis=-1)))


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class AttentionTransfer(Loss):
    """Attention transfer (AT): the mean squared difference of normalised attention maps.

        mean_j (Q_T / |Q_T| - Q_S / |Q_S|)_j^2    with    Q = vec(sum_c |A_c|^p)

    A_c is channel c of the feature map and j runs over the pixels. The scale of the features and
    the number of channels do not matter, so teacher and student may be of any width.

    The paper's Eq. 2 adds `beta / 2 * |Q_T / |Q_T| - Q_S / |Q_S||`, not squared and not divided by
    the number of pixels. The authors' code squares and averages, as is done here, with a weight of
    1000; this mean falls as 1 / pixels, so weight times pixels gives the squared norm. Where the
    maps differ in size, the features of the larger one are averaged over areas before the
    attention map is taken: a reading, from public code. Several pairs of layers are as many losses.

    Args:
        teacher_layer_name: a layer of feature maps (batch, height, width, channels) of the teacher.
        student_layer_name: one of the student.
        power: p, a number of 1 or more; larger values look at the most active spots alone.
        name: name of the term in the logs.

    Raises:
        ValueError: for a `power` below 1; before training, for features that are no maps of two
            pixels or more.

    Reference: Zagoruyko, Komodakis, Paying More Attention to Attention, ICLR 2017
    (https://arxiv.org/abs/1612.03928), Eq. 2.

    Examples:
        >>> teacher = keras.ops.array([[[[3.0], [0.0]]]])
        >>> student = keras.ops.array([[[[0.0], [5.0]]]])
        >>> float(AttentionTransfer().compute_loss(teacher, student))  # ((1 - 0)^2 + (0 - 1)^2) / 2
        1.0
    """

    def __init__(
        self,
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        *,
        power: float = 2,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        if not isinstance(power, numbers.Real) or not 1 <= power < math.inf:
            raise ValueError(
                f"`power` must be a finite number of 1 or more. Received: power={power!r}"
            )
        self.power = power

    def build_features(self, teacher_shape: Shape, student_shape: Shape) -> None:
        """Refuses features that are no maps; a single pixel is always all of the attention."""
        check_maps(self.name, teacher_shape, student_shape, min_pixels=2)

    def compute_loss(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """See `attention_transfer`."""
        self.check_shapes(teacher_outputs, student_outputs)
        self.ensure_built(teacher_outputs.shape, student_outputs.shape)
        return attention_transfer(teacher_outputs, student_outputs, self.power, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        return {**super().get_config(), "power": self.power}
