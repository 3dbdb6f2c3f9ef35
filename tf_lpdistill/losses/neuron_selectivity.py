"""NST: the student's channels are distributed over the image as the teacher's are."""

from typing import Any

import keras
from keras import ops

from tf_lpdistill.losses.base import Loss, batch_mean
from tf_lpdistill.losses.map_shapes import check_maps
from tf_lpdistill.ops import l2_normalize, match_sizes, unit_scale
from tf_lpdistill.types import Shape, Structure, Tensor

# Patterns have length 1, so squared distances lie in [0, 4]: a smaller mean is rounding noise.
_BANDWIDTH_FLOOR = 1e-5


def neuron_selectivity(
    teacher_maps: Tensor,
    student_maps: Tensor,
    kernel: str = "polynomial",
    sample_weight: Tensor | None = None,
) -> Tensor:
    """`MMD^2 = mean k(t, t') + mean k(s, s') - 2 mean k(t, s)` over the channels' patterns.

    Args:
        teacher_maps: (batch, height, width, channels), any float dtype; no gradient.
        student_maps: the same with any height, width and channels.
        kernel: "linear", "polynomial" or "gaussian".
        sample_weight: (batch,) or None.

    Returns:
        Scalar float32.
    """
    teacher = ops.stop_gradient(ops.cast(teacher_maps, "float32"))
    teacher, student = match_sizes(teacher, ops.cast(student_maps, "float32"))
    discrepancy = KERNELS[kernel](selectivity_patterns(teacher), selectivity_patterns(student))
    return batch_mean(discrepancy, sample_weight)


def selectivity_patterns(maps: Tensor) -> Tensor:
    """Where each channel is active: its map as a vector of length 1.

    Args:
        maps: (batch, height, width, channels) float32.

    Returns:
        (batch, channels, height * width) float32; a channel of zeros stays zeros.
    """
    _, height, width, channels = maps.shape
    pixels = ops.reshape(unit_scale(maps, axis=(1, 2, 3)), (-1, height * width, channels))
    return l2_normalize(ops.transpose(pixels, (0, 2, 1)))


def _linear(teacher, student):
    """k(x, y) = x.y: the distance of the mean patterns."""
    return ops.sum(ops.square(ops.mean(teacher, axis=1) - ops.mean(student, axis=1)), axis=-1)


def _polynomial(teacher, student):
    """k(x, y) = (x.y)^2: the distance of the second moments, in the smaller of two forms."""
    channels, pixels = max(teacher.shape[1], student.shape[1]), teacher.shape[2]
    if pixels <= channels:
        return ops.sum(ops.square(_second_moment(teacher) - _second_moment(student)), axis=(1, 2))
    return _discrepancy(lambda x, y: ops.square(_inner_products(x, y)), teacher, student)


def _gaussian(teacher, student):
    """k(x, y) = exp(-|x - y|^2 / (2 sigma^2)), sigma^2 the mean of |t - s|^2 in the sample."""
    across = ops.stop_gradient(_squared_distances(teacher, student))
    squared_sigma = ops.maximum(ops.mean(across, axis=(1, 2), keepdims=True), _BANDWIDTH_FLOOR)

    def kernel(x, y):
        return ops.exp(-_squared_distances(x, y) / (2.0 * squared_sigma))

    return _discrepancy(kernel, teacher, student)


KERNELS = {"linear": _linear, "polynomial": _polynomial, "gaussian": _gaussian}


def _discrepancy(kernel, teacher, student):
    pairs = (teacher, teacher), (student, student), (teacher, student)
    within_teacher, within_student, across = (ops.mean(kernel(*pair), (1, 2)) for pair in pairs)
    return within_teacher + within_student - 2.0 * across


def _second_moment(patterns):
    return ops.matmul(ops.transpose(patterns, (0, 2, 1)), patterns) / patterns.shape[1]


def _inner_products(x, y):
    return ops.matmul(x, ops.transpose(y, (0, 2, 1)))


def _squared_distances(x, y):
    lengths = [ops.sum(ops.square(patterns), axis=-1) for patterns in (x, y)]
    return lengths[0][:, :, None] + lengths[1][:, None, :] - 2.0 * _inner_products(x, y)


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class NeuronSelectivity(Loss):
    """Neuron selectivity transfer (NST): the discrepancy of the channels' spatial patterns.

    Each channel's map, scaled to length 1, is a sample of where in the image neurons respond; the
    loss is the squared maximum mean discrepancy of the teacher's N_T and the student's N_S samples,

        MMD^2 = mean_{i,i'} k(t_i, t_i') + mean_{j,j'} k(s_j, s_j') - 2 mean_{i,j} k(t_i, s_j)

    as a mean over the batch, with one of the kernels

        linear      k(x, y) = x.y
        polynomial  k(x, y) = (x.y)^2
        gaussian    k(x, y) = exp(-|x - y|^2 / (2 sigma^2))

    The numbers of channels may differ, and their scale does not matter. Public code takes the
    polynomial kernel (degree 2, offset 0) with a weight of 50.

    Readings: sigma^2 is the mean squared distance of the pairs, and which pairs is not known to us:
    here all of a teacher's with a student's pattern in the same image, as a constant for the
    gradient. Where the maps differ in size the larger one is averaged over areas, as public code
    does.

    Memory is batch * C^2 floats for C channels, with the polynomial kernel batch * P^2 for P
    pixels where P is the smaller; the linear kernel needs none.

    Args:
        teacher_layer_name: a layer of feature maps (batch, height, width, channels) of the teacher.
        student_layer_name: one of the student.
        kernel: "polynomial", "linear" or "gaussian".
        name: name of the term in the logs.

    Raises:
        ValueError: for an unknown `kernel`; before training, for features that are no maps of two
            pixels or more.

    Reference: Huang, Wang, Like What You Like: Knowledge Distill via Neuron Selectivity Transfer,
    2017 (https://arxiv.org/abs/1707.01219), Eq. 3.

    Examples:
        >>> teacher = keras.ops.array([[[[3.0], [0.0]]]])
        >>> student = keras.ops.array([[[[0.0], [5.0]]]])
        >>> float(NeuronSelectivity().compute_loss(teacher, student))  # 1 + 1 - 2 * 0
        2.0
    """

    def __init__(
        self,
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        *,
        kernel: str = "polynomial",
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        if kernel not in KERNELS:
            raise ValueError(
                f"`kernel` must be one of {sorted(KERNELS)}. Received: kernel={kernel!r}"
            )
        self.kernel = kernel

    def build_features(self, teacher_shape: Shape, student_shape: Shape) -> None:
        """Refuses features that are no maps; the pattern of a single pixel says nothing."""
        check_maps(self.name, teacher_shape, student_shape, min_pixels=2)

    def compute_loss(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """See `neuron_selectivity`."""
        self.check_shapes(teacher_outputs, student_outputs)
        self.ensure_built(teacher_outputs.shape, student_outputs.shape)
        return neuron_selectivity(teacher_outputs, student_outputs, self.kernel, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        return {**super().get_config(), "kernel": self.kernel}
