"""IRG: the graph of a batch, and how it changes from layer to layer, are the teacher's."""

import itertools
from collections.abc import Sequence

import keras
from keras import ops

from tf_lpdistill.losses.base import batch_mean
from tf_lpdistill.losses.relational import RelationalLoss, pair_weight, row_weight
from tf_lpdistill.ops import (
    adaptive_mean,
    as_maps,
    center,
    flatten,
    squared_distances,
    unit_scale,
)
from tf_lpdistill.types import LayerNames, Tensor


def instance_relation_graph(
    teacher_layers: Sequence[Tensor],
    student_layers: Sequence[Tensor],
    sample_weight: Tensor | None = None,
) -> Tensor:
    """Mean squared difference of the edges, and of the transformations between layers.

    Args:
        teacher_layers: tuple of (b, ...) float32, the features of the layers in order.
        student_layers: the same for the student, as many.
        sample_weight: (b,) float32 or None. An edge counts sqrt(w_i w_j); samples of weight 0 are
            left out of the largest values.

    Returns:
        Scalar float32.
    """
    weight = row_weight(sample_weight, student_layers[0])
    valid = weight > 0.0
    edges = [
        ops.mean(pair_weight(weight) * ops.square(_edges(teacher, valid) - _edges(student, valid)))
        for teacher, student in zip(teacher_layers, student_layers, strict=True)
    ]
    steps = zip(itertools.pairwise(teacher_layers), itertools.pairwise(student_layers), strict=True)
    transformations = [
        batch_mean(
            ops.square(_transformation(*teacher, valid) - _transformation(*student, valid)),
            ops.maximum(weight, 0.0),
        )
        for teacher, student in steps
    ]
    return _mean(edges) + _mean(transformations)


def _edges(features, valid):
    """(b, b): squared distances, divided by the largest."""
    distances = squared_distances(center(unit_scale(flatten(features)), valid))
    return _divide_by_largest(distances, valid[:, None] & valid[None, :])


def _transformation(before, after, valid):
    """(b,): squared distance that each sample moves between two layers, divided by the largest."""
    before, after = _as_maps(before), _as_maps(after)
    shape = [min(sizes) for sizes in zip(before.shape[1:], after.shape[1:], strict=True)]
    pair = ops.stack([flatten(adaptive_mean(maps, shape)) for maps in (before, after)], axis=1)
    moved = unit_scale(pair)
    return _divide_by_largest(ops.sum(ops.square(moved[:, 1] - moved[:, 0]), axis=1), valid)


def _divide_by_largest(values, valid):
    largest = ops.max(ops.where(valid, values, 0.0))
    return values / ops.where(largest > 0.0, largest, 1.0)


def _as_maps(features):
    return as_maps(features if len(features.shape) == 4 else flatten(features))


def _mean(values):
    return sum(values) / max(len(values), 1)


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class InstanceRelationGraph(RelationalLoss):
    """Instance relationship graph (IRG): edges within a layer, transformations between layers.

    The graph of a layer has the b samples of a batch as its vertices and the squared distances of
    their features, divided by the largest, as its edges:

        A_ij = |f_i - f_j|^2 / max_kl |f_k - f_l|^2

    From one layer to a later one each sample moves by lambda_i = |f_i^later - f_i|^2, divided by
    the largest. With names of one layer the loss is the edge term alone; with tuples of names, in
    the order of the network, it is

        mean over layers (1/b^2) |A_T - A_S|_F^2
        + mean over neighbouring layers (1/b) |lambda_T - lambda_S|^2

    It adds no parameters; teacher and student features may have any shapes and scales. For lambda
    two layers of one network are first brought to the smaller height, width and number of channels
    of the two by averaging (`ops.adaptive_mean`); vectors count as maps of one pixel.

    Readings: the published form for layers of unequal shape is not known to us, hence the
    averaging (public code averages too, where sizes halve); both terms count the same, and public
    code weights both by 5; changes of the edges from layer to layer are not compared, since
    they agree once the edges of both layers do. The paper's third term, equal vertices (features or
    logits), is `Hint` or `SoftTarget`.

    Args:
        teacher_layer_name: the teacher's feature, or a tuple of several in the order of the
            network; None for its output.
        student_layer_name: the same for the student, as many.
        name: name of the term in the logs.

    Raises:
        ValueError: for unequal numbers of names, or an empty tuple; for unequal numbers of teacher
            and student samples.

    Reference: Liu et al., Knowledge Distillation via Instance Relationship Graph, CVPR 2019
    (https://openaccess.thecvf.com/content_CVPR_2019/html/Liu_Knowledge_Distillation_via_Instance_Relationship_Graph_CVPR_2019_paper.html).

    Examples:
        >>> loss = InstanceRelationGraph(("block1", "block2"), ("conv1", "conv3"))
        >>> loss.name
        'instance_relation_graph'
    """

    several_layers = True
    flattens = False

    def __init__(
        self,
        teacher_layer_name: LayerNames = None,
        student_layer_name: LayerNames = None,
        *,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        if self.teacher_layer_name == ():
            raise ValueError(
                f"{self.name}: name at least one layer. Received: teacher_layer_name=()"
            )

    def compare(
        self,
        teacher: Tensor | tuple[Tensor, ...],
        student: Tensor | tuple[Tensor, ...],
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """See `instance_relation_graph`."""
        layers = (
            features if isinstance(features, (tuple, list)) else (features,)
            for features in (teacher, student)
        )
        return instance_relation_graph(*layers, sample_weight)
