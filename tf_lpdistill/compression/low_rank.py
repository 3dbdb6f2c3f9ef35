"""`low_rank`: dense layers and convolutions as pairs of smaller ones."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_lpdistill.compression.factorization import decompose, factorize, rank_of_energy
from tf_lpdistill.compression.fine_tuning import train
from tf_lpdistill.compression.rebuild import (
    call_layer,
    copy_layer,
    copy_weights,
    layers_by_path,
    rebuild,
)
from tf_lpdistill.compression.training import Training, check_objective_has_data
from tf_lpdistill.structure import list_layers
from tf_lpdistill.types import PathLike, Tensor

_CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
_BISECTIONS = 40  # float32 tells no more energies apart


def low_rank(
    student: keras.Model,
    dataset: tf.data.Dataset | None = None,
    objective: Callable[..., Tensor] | None = None,
    *,
    energy: float = 0.9,
    max_parameters: int | None = None,
    epochs: int = 5,
    steps_per_epoch: int | None = None,
    learning_rate: float = 1e-3,
    checkpoint_dir: PathLike | None = None,
    verbose: int = 1,
) -> keras.Model:
    """Replaces dense layers and convolutions by pairs of lower rank, where that makes them smaller.

    A dense layer becomes two, a convolution of any size one of the same size with few filters and
    a 1x1 convolution. The second one keeps the name, so that features are found where they were;
    the first one is called `NAME_low_rank`. Convolutions in groups or within channels stay.

    Args:
        student: a built Functional or Sequential `keras.Model`; it is not changed.
        dataset: batches to train the result on, as for `fine_tune`; None trains nothing.
        objective: what is trained, as for `fine_tune`.
        energy: share of the squared singular values that each layer keeps at least, in (0, 1].
            At 1 nothing but what is exactly redundant goes.
        max_parameters: parameters that the result may have. Where `energy` leaves more, it is
            lowered, the same for all layers, until they fit. None: any number.
        epochs: as for `fine_tune`.
        steps_per_epoch: as for `fine_tune`.
        learning_rate: as for `fine_tune`.
        checkpoint_dir: as for `fine_tune`.
        verbose: as for `fine_tune`.

    Returns:
        A plain Functional `keras.Model`, not compiled.

    Raises:
        ValueError: for a student that is not of that form, wrong arguments, a size out of reach.

    Reference: Denton et al. 2014, https://arxiv.org/abs/1404.0736; the split of a convolution is
    that of Zhang et al. 2015, https://arxiv.org/abs/1505.06798, section 3.1, who weigh the error by
    the responses to data; here all weights count the same, and training on data comes after.
    """
    check_objective_has_data(dataset, objective)
    if not 0.0 < energy <= 1.0:
        raise ValueError(f"`energy` must be in (0, 1]. Received: energy={energy}")
    training = dataset is not None and Training(
        dataset, objective, epochs, steps_per_epoch, learning_rate, checkpoint_dir, verbose
    )
    factored = _factored_student(student, energy, max_parameters)
    return train(factored, training) if training else factored


@dataclasses.dataclass(frozen=True)
class _Candidate:
    """A layer that could be split, and the decomposition of its kernel."""

    layer: Any
    decomposition: Any

    def saving(self, rank):
        """Weights that a pair of this rank has less than the layer."""
        left, _, right = self.decomposition
        rows, columns = len(left), right.shape[1]
        return rows * columns - rank * (rows + columns)


def _factored_student(student, energy, max_parameters):
    candidates = {
        path: _Candidate(layer, decompose(layer.kernel.numpy()))
        for path, layer in layers_by_path(student).items()
        if _can_split(layer)
    }
    ranks = _ranks(candidates, energy)
    if max_parameters is not None:
        excess = student.count_params() - max_parameters
        if _saved(candidates, ranks) < excess:
            ranks = _fitting_ranks(candidates, energy, excess, student)
    return _split_student(student, candidates, ranks)


def _can_split(layer):
    # Exactly these: the kernel of a subclass (Conv2DTranspose) may lie otherwise.
    plain = type(layer) in _CONVOLUTIONS and layer.groups == 1
    return plain or type(layer) is keras.layers.Dense


def _ranks(candidates, energy):
    """Rank by path of those layers that become smaller."""
    ranks = {path: rank_of_energy(c.decomposition, energy) for path, c in candidates.items()}
    return {path: rank for path, rank in ranks.items() if candidates[path].saving(rank) > 0}


def _saved(candidates, ranks):
    return sum(candidates[path].saving(rank) for path, rank in ranks.items())


def _fitting_ranks(candidates, energy, excess, student):
    """The ranks of the largest energy below `energy` that saves `excess` weights."""
    low, high = 0.0, energy
    most = _saved(candidates, _ranks(candidates, low))
    if most < excess:
        raise ValueError(
            f"`max_parameters` is out of reach: with every layer of rank 1 {student.name!r} still "
            f"has {student.count_params() - most:,} parameters. Received: "
            f"max_parameters={student.count_params() - excess}. Take a larger number, or remove "
            "channels as well: prune_channels."
        )
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        fits = _saved(candidates, _ranks(candidates, middle)) >= excess
        low, high = (middle, high) if fits else (low, middle)
    return _ranks(candidates, low)


def _split_student(student, candidates, ranks):
    taken = {path.split("/")[-1] for path in list_layers(student)}
    firsts = {
        path: _first_layer(candidates[path].layer, rank, taken) for path, rank in ranks.items()
    }

    def make(path, layer):
        return _second_layer(layer) if path in ranks else copy_layer(path, layer)

    def call(path, layer, *args, **kwargs):
        if path in firsts:
            args = (firsts[path](*args), *args[1:])
        return call_layer(path, layer, *args, **kwargs)

    model, pairs = rebuild(student, make, call)
    copy_weights(pair for path, pair in pairs.items() if path not in ranks)
    for path, rank in ranks.items():
        layer, second = pairs[path]
        left, right = factorize(candidates[path].decomposition, rank)
        firsts[path].set_weights([left.reshape(firsts[path].kernel.shape)])
        bias = [layer.bias.numpy()] if layer.use_bias else []
        second.set_weights([np.reshape(right, second.kernel.shape), *bias])
    return model


def _first_layer(layer, rank, taken):
    """All that looks around in the image, without bias and activation."""
    name = f"{layer.name}_low_rank"
    while name in taken:  # the student comes from an earlier call
        name += "_2"
    width = "units" if isinstance(layer, keras.layers.Dense) else "filters"
    config = layer.get_config() | {
        width: rank,
        "name": name,
        "use_bias": False,
        "activation": None,
        "activity_regularizer": None,
    }
    return type(layer).from_config(config)


def _second_layer(layer):
    """Mixes the channels of the first into those that the layer had."""
    one = {"kernel_size": 1, "strides": 1, "dilation_rate": 1, "padding": "valid"}
    config = layer.get_config()
    return type(layer).from_config(config | {k: v for k, v in one.items() if k in config})
