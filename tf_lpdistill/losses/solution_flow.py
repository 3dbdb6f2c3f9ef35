"""FSP: the student's features turn from layer to layer as the teacher's do."""

from collections.abc import Sequence

import keras
from keras import ops

from tf_lpdistill.losses.base import Loss, batch_mean
from tf_lpdistill.losses.map_shapes import check_maps
from tf_lpdistill.ops import max_pool_larger
from tf_lpdistill.types import LayerNames, Shape, Structure, Tensor

# The loss is of degree 4 in the features; differences beyond this keep float32 finite.
_LARGEST_DIFFERENCE = 1e15


def solution_flow(
    teacher_maps: Sequence[Tensor],
    student_maps: Sequence[Tensor],
    sample_weight: Tensor | None = None,
) -> Tensor:
    """`mean (G_T - G_S)^2` with the flow matrices G between two layers.

    Args:
        teacher_maps: (start, end), each (batch, height, width, channels), any float dtype; no
            gradient.
        student_maps: the same, with the channels of the teacher's.
        sample_weight: (batch,) or None.

    Returns:
        Scalar float32.
    """
    teacher = flow_matrix(*(ops.stop_gradient(maps) for maps in teacher_maps))
    difference = flow_matrix(*student_maps) - teacher
    difference = ops.clip(difference, -_LARGEST_DIFFERENCE, _LARGEST_DIFFERENCE)
    return batch_mean(ops.mean(ops.square(difference), axis=(1, 2)), sample_weight)


def flow_matrix(start: Tensor, end: Tensor) -> Tensor:
    """`G_ij = sum_st F1_sti F2_stj / (h w)`: which channels of two layers are active together.

    Args:
        start: F1, (batch, height, width, m), any float dtype.
        end: F2, (batch, height, width, n); the larger of the two is max-pooled.

    Returns:
        (batch, m, n) float32.
    """
    start, end = max_pool_larger(ops.cast(start, "float32"), ops.cast(end, "float32"))
    height, width = start.shape[1:3]
    return ops.einsum("bhwm,bhwn->bmn", start, end) / (height * width)


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class SolutionFlow(Loss):
    """Flow of the solution procedure (FSP): the mean squared difference of flow matrices.

        mean_{ij} (G_T - G_S)_ij^2    with    G_ij = sum_{s,t} F1_sti F2_stj / (h w)

    F1 and F2 are the feature maps of two layers, the start and the end of a part of the network;
    G says which of their channels are active together. Names are tuples of two:

        SolutionFlow(("conv1", "conv4"), ("block1", "block2"))

    The larger of the two maps is max-pooled to the size of the other. Teacher and student may
    differ in height and width, but a G of the same shape needs the same channels in both. Several
    parts of the network are as many losses; their weights are the paper's lambda.

    The paper's L_FSP is the sum over the m x n entries of G where this is their mean: its weight
    times m * n. Public code takes the mean with a weight of 50. The value grows with the fourth
    power of the features' scale; entries of G that differ by more than 1e15 count as 1e15, to stay
    within float32.

    The paper's two stages are two `Distiller`s one after the other: this loss alone
    (`student_loss_weight=0`), then the task.

    Args:
        teacher_layer_name: (start, end), two layers of feature maps of the teacher; None for a
            teacher whose output is such a pair.
        student_layer_name: the same for the student.
        name: name of the term in the logs.

    Raises:
        ValueError: for anything but two names a side; before training, for features that are no
            maps, or channels that differ between teacher and student.

    Reference: Yim, Joo, Bae, Kim, A Gift from Knowledge Distillation: Fast Optimization, Network
    Minimization and Transfer Learning, CVPR 2017
    (https://openaccess.thecvf.com/content_cvpr_2017/html/Yim_A_Gift_From_CVPR_2017_paper.html),
    Eqs. 1 and 2.

    Examples:
        >>> ones = keras.ops.ones((1, 2, 2, 1))
        >>> loss = SolutionFlow()
        >>> float(loss.compute_loss((ones, 3.0 * ones), (ones, ones)))  # (3 - 1)^2
        4.0
    """

    several_layers = True

    def __init__(
        self,
        teacher_layer_name: LayerNames = None,
        student_layer_name: LayerNames = None,
        *,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        names = self.teacher_layer_name
        if names is not None and not (isinstance(names, tuple) and len(names) == 2):
            raise ValueError(
                f"{self.name}: `teacher_layer_name` and `student_layer_name` must be tuples of two "
                "names, the start and the end of a part of the network. Received: "
                f"teacher_layer_name={names!r}, student_layer_name={self.student_layer_name!r}"
            )

    def build_features(
        self, teacher_shape: tuple[Shape, ...], student_shape: tuple[Shape, ...]
    ) -> None:
        """Refuses what is no pair of maps, and channels that differ."""
        for role, shapes in (("teacher", teacher_shape), ("student", student_shape)):
            if len(shapes) != 2 or not all(isinstance(shape, tuple) for shape in shapes):
                raise ValueError(
                    f"{self.name}: expected the features of two layers of the {role}. Received: "
                    f"shape {shapes}. Name them as `{role}_layer_name=(start, end)`."
                )
            check_maps(self.name, *shapes)
        channels = [
            tuple(shape[-1] for shape in shapes) for shapes in (teacher_shape, student_shape)
        ]
        if channels[0] != channels[1]:
            raise ValueError(
                f"{self.name}: teacher and student layers must have the same channels. Received: "
                f"{channels[0]} channels in the teacher's (start, end), {channels[1]} in the "
                "student's. Name layers that do, add a 1x1 convolution to the student, or use a "
                "loss that compares any channels, such as AttentionTransfer or NeuronSelectivity."
            )

    def compute_loss(
        self,
        teacher_outputs: tuple[Tensor, ...],
        student_outputs: tuple[Tensor, ...],
        y: Structure = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """See `solution_flow`."""
        self.check_shapes(teacher_outputs, student_outputs)
        self.ensure_built(_shapes(teacher_outputs), _shapes(student_outputs))
        return solution_flow(teacher_outputs, student_outputs, sample_weight)


def _shapes(features):
    return tuple(maps.shape for maps in features)
