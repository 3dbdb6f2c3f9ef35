"""ReviewKD: fused student features of several layers against the teacher's, at several scales."""

import keras
from keras import ops

from tf_lpdistill.losses.arguments import map_shape
from tf_lpdistill.losses.base import Loss, batch_mean
from tf_lpdistill.losses.connector import Connector
from tf_lpdistill.ops import adaptive_mean, as_maps, resize_nearest
from tf_lpdistill.types import Shape, Structure, Tensor

_WIDEST_FUSION = 512  # channels of the fused features, at most: the authors' choice
_POOLED_SIZES = (4, 2, 1)


def hierarchical_context(
    teacher_maps: Tensor, student_maps: Tensor, sample_weight: Tensor | None = None
) -> Tensor:
    """Mean squared difference, of the maps and of the maps average-pooled to 4x4, 2x2 and 1x1.

    The weights are 1, 1/2, 1/4, 1/8, divided by their sum; pooled sizes that are not smaller than
    the map are left out, and the next one takes its weight.

    Args:
        teacher_maps: (batch, height, width, channels) float32.
        student_maps: the same shape.
        sample_weight: (batch,) or None.

    Returns:
        Scalar float32.
    """
    difference = ops.stop_gradient(teacher_maps) - student_maps
    height, width, channels = difference.shape[1:]
    values, total, weight = ops.mean(ops.square(difference), axis=(1, 2, 3)), 1.0, 1.0
    for size in _POOLED_SIZES:
        if size < min(height, width):
            # Pooling is linear: the difference of pooled maps is the pooled difference.
            pooled = adaptive_mean(difference, (size, size, channels))
            weight /= 2.0
            total += weight
            values = values + weight * ops.mean(ops.square(pooled), axis=(1, 2, 3))
    return batch_mean(values / total, sample_weight)


class AttentionFusion(keras.layers.Layer):
    """The attention based fusion (ABF) of one layer's feature with what deeper layers gave.

    Args:
        width: channels of the fused feature.
        teacher_shape: (batch, height, width, channels) of the teacher's feature to imitate.
        fuse: False for the deepest layer, which has nothing to fuse with.
    """

    def __init__(self, width: int, teacher_shape: Shape, fuse: bool):
        super().__init__(dtype="float32")
        self.width = width
        self.teacher_size = teacher_shape[1:3]
        self.reduce = Connector(width)
        self.expand = Connector(teacher_shape[3], kernel_size=3)
        self.attention = None
        if fuse:
            self.attention = keras.layers.Conv2D(2, 1, activation="sigmoid", dtype="float32")

    def build(self, input_shape: Shape) -> None:
        """Makes the weights for maps of (batch, height, width, channels)."""
        self.reduce.build(input_shape)
        self.expand.build((None, None, None, self.width))
        if self.attention is not None:
            self.attention.build((None, None, None, 2 * self.width))
        self.built = True

    def call(
        self, maps: Tensor, deeper: Tensor | None = None, sample_weight: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Returns the map to compare with the teacher's, and the fused one for the layer before."""
        fused = self.reduce(maps, sample_weight)
        if self.attention is not None:
            deeper = resize_nearest(deeper, fused.shape[1:3])
            share = self.attention(ops.concatenate([fused, deeper], axis=-1))
            fused = share[..., :1] * fused + share[..., 1:] * deeper
        fused = resize_nearest(fused, self.teacher_size)
        return self.expand(fused, sample_weight), fused


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class KnowledgeReview(Loss):
    """Distilling knowledge via knowledge review (ReviewKD).

    The student's shallow layers also learn from the teacher's deeper ones. From the deepest pair to
    the shallowest, a fusion (ABF) brings the student's feature to a common width by a 1x1
    convolution, mixes it with the fused feature of the deeper layers, enlarged to its size,

        u_l = a_l conv(f_S^l) + b_l u_(l+1),    (a_l, b_l) = sigmoid(conv([conv(f_S^l), u_(l+1)]))

    and turns u_l by a 3x3 convolution into the prediction r_l of the teacher's feature. The
    hierarchical context loss (HCL) compares them whole and average-pooled to 4x4, 2x2 and 1x1:

        mean_l  sum_n w_n mean (pool_n(f_T^l) - pool_n(r_l))^2,    w = (1, 1/2, 1/4, 1/8) / sum

    The authors' code sums over the pairs where this takes the mean: multiply the weight by the
    number of pairs (there 5 or less in all, reached linearly over the first 20 epochs: give the
    `Distiller` a schedule). As there, the common width is that of the deepest student feature, at
    most 512, maps are enlarged to the nearest pixel, and all convolutions but those of a and b are
    batch-normalised. They belong to the loss and are trained with the student; their moments are
    those of the batch of all replicas.

    Args:
        teacher_layer_name: tuple of the teacher's features, shallow to deep; the pooled vector
            before the classifier is usually the last (a vector is a map of one pixel). One name,
            or None for the output, compares one pair without fusion.
        student_layer_name: as many of the student's features.
        name: name of the term in the logs.

    Raises:
        ValueError: for names that are not as many for the teacher as for the student; when it is
            built, for features that are neither maps of known size nor vectors.

    Reference: Chen, Liu, Zhao, Jia, Distilling Knowledge via Knowledge Review, CVPR 2021
    (https://arxiv.org/abs/2104.09044), sections 3.2 and 3.3.

    Examples:
        >>> loss = KnowledgeReview(("block2", "block3", "pool"), ("conv3", "conv5", "embedding"))
        >>> loss.name
        'knowledge_review'
    """

    several_layers = True

    def build_features(
        self, teacher_shape: tuple[Shape, ...], student_shape: tuple[Shape, ...]
    ) -> None:
        """Makes a fusion for each pair of features."""
        teacher_shapes, student_shapes = (
            [map_shape(self.name, shape) for shape in _as_tuple(shapes)]
            for shapes in (teacher_shape, student_shape)
        )
        width = min(_WIDEST_FUSION, student_shapes[-1][3])
        deepest = len(student_shapes) - 1
        self.fusions = [
            AttentionFusion(width, shape, fuse=layer < deepest)
            for layer, shape in enumerate(teacher_shapes)
        ]
        for fusion, shape in zip(self.fusions, student_shapes, strict=True):
            fusion.build(shape)

    def compute_loss(
        self,
        teacher_outputs: tuple[Tensor, ...],
        student_outputs: tuple[Tensor, ...],
        y: Structure = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """Fuses from deep to shallow and means `hierarchical_context` over the pairs."""
        teacher, student = (_as_tuple(outputs) for outputs in (teacher_outputs, student_outputs))
        self.ensure_built(*(tuple(f.shape for f in features) for features in (teacher, student)))
        layers = list(zip(self.fusions, teacher, student, strict=True))
        values, fused = [], None
        for fusion, target, feature in reversed(layers):
            feature = as_maps(ops.cast(feature, "float32"))
            predicted, fused = fusion(feature, fused, sample_weight)
            target = as_maps(ops.cast(target, "float32"))
            values.append(hierarchical_context(target, predicted, sample_weight))
        return sum(values) / len(values)


def _as_tuple(values):
    """One feature, or one shape, as a tuple of one."""
    several = isinstance(values, (list, tuple)) and hasattr(values[0], "__len__")
    return tuple(values) if several else (values,)
