"""`prune_channels`: channels that matter least disappear."""

import collections
import math
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from tf_lpdistill.compression.channel_rules import rule_of
from tf_lpdistill.compression.dependencies import trace_channels
from tf_lpdistill.compression.fine_tuning import train
from tf_lpdistill.compression.importance import CRITERIA, importances
from tf_lpdistill.compression.rebuild import copy_layer, layers_by_path, rebuild
from tf_lpdistill.compression.training import Training, check_objective_has_data
from tf_lpdistill.types import PathLike, Tensor

LARGEST_FRACTION = 0.9
_SMALLEST_REST = 0.1  # of a layer's channels: a global order would cut thin layers through


def prune_channels(
    student: keras.Model,
    dataset: tf.data.Dataset | None = None,
    objective: Callable[..., Tensor] | None = None,
    *,
    fraction: float = 0.3,
    criterion: str = "filter_norm",
    keep: Sequence[str] = (),
    epochs: int = 5,
    steps_per_epoch: int | None = None,
    learning_rate: float = 1e-3,
    checkpoint_dir: PathLike | None = None,
    verbose: int = 1,
) -> keras.Model:
    """Removes the channels that matter least, so that the student is smaller and faster anywhere.

    A channel goes from the layer that makes it, from all that follow it (BatchNorm, depthwise
    convolutions, activations, poolings), and from those that read it. Layers whose outputs are
    added, multiplied or compared lose the same channels. The student's outputs stay. All removable
    channels stand in one order, but every layer keeps at least a tenth of its own.

    Args:
        student: a built Functional or Sequential `keras.Model`; it is not changed.
        dataset: batches to train the result on, as for `fine_tune`; None trains nothing.
        objective: what is trained, as for `fine_tune`.
        fraction: share of the removable channels that goes, in [0, 0.9]; channels that several
            layers share count once.
        criterion: "filter_norm": the norm of a channel's filters, relative to those of their
            layer, which is the group that a group lasso shrinks; "norm_scale": the size of
            BatchNorm's gamma, for students that were trained with an L1 penalty on it; channels
            without BatchNorm then stay.
        keep: names of layers whose outputs keep all their channels, such as "features" for a loss
            that was built for their number.
        epochs: as for `fine_tune`.
        steps_per_epoch: as for `fine_tune`.
        learning_rate: as for `fine_tune`.
        checkpoint_dir: as for `fine_tune`.
        verbose: as for `fine_tune`.

    Returns:
        A plain Functional `keras.Model` of the same layer names, not compiled. Without training it
        returns what the student does, if the channels removed were zero everywhere.

    Raises:
        ValueError: before any work, with every layer that channels cannot be followed through; for
            wrong arguments; for an objective that cannot be computed on the narrower features.

    Reference: filters by their norm: Li et al. 2017, https://arxiv.org/abs/1608.08710, and with
    group lasso Wen et al. 2016, https://arxiv.org/abs/1608.03665; BatchNorm's scale: Liu et al.
    2017, https://arxiv.org/abs/1708.06519. Layers that depend on each other as groups: Fang et al.
    2023, https://arxiv.org/abs/2301.12900.
    """
    check_objective_has_data(dataset, objective)
    if not 0.0 <= fraction <= LARGEST_FRACTION:
        raise ValueError(
            f"`fraction` must be in [0, {LARGEST_FRACTION}]. Received: fraction={fraction}"
        )
    if criterion not in CRITERIA:
        raise ValueError(
            f"`criterion` must be one of {list(CRITERIA)}. Received: criterion={criterion!r}"
        )
    training = dataset is not None and Training(
        dataset, objective, epochs, steps_per_epoch, learning_rate, checkpoint_dir, verbose
    )
    dependencies = trace_channels(student, keep)
    removed = _choose(student, dependencies, criterion, fraction)
    slim = _cut_student(student, dependencies, removed)
    return train(slim, training) if training else slim


def _choose(student, dependencies, criterion, fraction):
    """The sets of channels that go: the least important first."""
    importance = importances(layers_by_path(student), dependencies, criterion)
    makers, rest = collections.defaultdict(collections.Counter), {}
    for path, layer in layers_by_path(student).items():
        if path in dependencies.ends and rule_of(layer).norm:
            sets = dependencies.channels.sets(dependencies.ends[path][1])
            rest[path] = len(sets) - max(1, math.ceil(_SMALLEST_REST * len(sets)))
            for channel_set in sets.tolist():
                makers[channel_set][path] += 1
    removed = set()
    wanted = round(fraction * len(importance))
    for channel_set in sorted(importance, key=importance.get):
        if len(removed) == wanted:
            break
        if all(rest[path] >= count for path, count in makers[channel_set].items()):
            removed.add(channel_set)
            for path, count in makers[channel_set].items():
                rest[path] -= count
    return removed


def _cut_student(student, dependencies, removed):
    def masks(path):
        sets = (dependencies.channels.sets(numbers) for numbers in dependencies.ends[path])
        return [~np.isin(numbers, list(removed)) for numbers in sets]

    def make(path, layer):
        if path not in dependencies.ends:
            return copy_layer(path, layer)
        return _cut_layer(layer, *masks(path))

    slim, pairs = rebuild(student, make)
    for path, (layer, new) in pairs.items():
        if not isinstance(layer, keras.Layer):  # an operation such as `x + y` has no weights
            continue
        cut = path in dependencies.ends
        new.set_weights(_cut_weights(layer, *masks(path)) if cut else layer.get_weights())
    return slim


def _cut_layer(layer, ins, outs):
    config = layer.get_config()
    return type(layer).from_config(config | rule_of(layer).configure(config, outs))


def _cut_weights(layer, ins, outs):
    cuts = rule_of(layer).cuts
    return [cuts[weight.name](weight.numpy(), ins, outs) for weight in layer.weights]
