"""How much each set of channels matters, by the weights of the layers that share it."""

import collections
from collections.abc import Mapping

import keras
import numpy as np

from tf_lpdistill.compression.channel_rules import rule_of
from tf_lpdistill.compression.dependencies import Dependencies


def filter_norms(layer: keras.Layer) -> np.ndarray | None:
    """The norms of the filters that make each output channel, relative to their layer.

    Args:
        layer: any layer.

    Returns:
        (channels,) float32, with a mean square of 1; None for a layer that makes no channels.
    """
    name = rule_of(layer).norm
    if name is None:
        return None
    kernel = next(weight for weight in layer.weights if weight.name == name).numpy()
    norms = np.linalg.norm(kernel.reshape((-1, kernel.shape[-1])), axis=0)
    size = np.sqrt(np.mean(np.square(norms)))
    return norms / size if size > 0 else norms


def norm_scales(layer: keras.Layer) -> np.ndarray | None:
    """The sizes of BatchNorm's gammas.

    Args:
        layer: any layer.

    Returns:
        (channels,) float32; None for a layer that is no BatchNormalization with a scale.
    """
    if not isinstance(layer, keras.layers.BatchNormalization) or not layer.scale:
        return None
    return np.abs(layer.gamma.numpy())


CRITERIA = {"filter_norm": filter_norms, "norm_scale": norm_scales}


def importances(
    layers: Mapping[str, keras.Layer], dependencies: Dependencies, criterion: str
) -> dict[int, float]:
    """Scores sets of channels that may go: the root mean square over the layers that share one.

    Args:
        layers: dict of path to layer.
        dependencies: the student's `Dependencies`.
        criterion: a key of `CRITERIA`.

    Returns:
        Dict of set number to float, without the sets that the criterion has no score for.
    """
    channels, squares = dependencies.channels, collections.defaultdict(list)
    for path, layer in layers.items():
        scores = CRITERIA[criterion](layer) if path in dependencies.ends else None
        if scores is None:
            continue
        outputs = dependencies.ends[path][1]
        removable = channels.removable(outputs)
        for number, score in zip(channels.sets(outputs)[removable], scores[removable], strict=True):
            squares[int(number)].append(float(score) ** 2)
    return {number: float(np.sqrt(np.mean(values))) for number, values in squares.items()}
