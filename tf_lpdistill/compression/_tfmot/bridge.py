"""The bridge: a student of Keras 3 as a model of tf_keras, and its weights back."""

import dataclasses
import re
from typing import Any

import keras
import numpy as np

from tf_lpdistill import structure
from tf_lpdistill.batch import unpack
from tf_lpdistill.compression._tfmot.convert import convert, maker
from tf_lpdistill.compression._tfmot.packages import load
from tf_lpdistill.compression.front import Front, find_front
from tf_lpdistill.compression.state import fingerprint

_TOLERANCE = 1e-5  # relative to the largest output, where that is more than 1


@dataclasses.dataclass(frozen=True)
class Bridged:
    """A student in tf_keras.

    Args:
        model: the `tf_keras.Model`; it begins behind the student's preprocessing layers.
        front: the `Front` with these.
        outputs: the name of the tf_keras layer that gives the output of a path (see `taps`).
        carriers: pairs of a layer of the student that has weights, and the names of the tf_keras
            layers that hold them.
        fingerprint: SHA-256 of the student's weights, 64 hexadecimal digits.
    """

    model: Any
    front: Front
    outputs: dict[str, str]
    carriers: tuple[tuple[keras.Layer, tuple[str, ...]], ...]
    fingerprint: str


def cross(student, training, for_int8=False):
    """Builds the student in tf_keras, and compares the two on the first batch.

    Args:
        student: see `to_tf_keras`.
        training: a `Training`, for its first batch.
        for_int8: see `convert`.

    Returns:
        A `Bridged`.

    Raises:
        ValueError: when they differ, see `check_parity`.
    """
    bridged = to_tf_keras(student, for_int8)
    x, _, _ = keras.utils.unpack_x_y_sample_weight(next(iter(training.dataset)))
    check_parity(student, bridged, unpack(x).inputs)
    return bridged


def to_tf_keras(student, for_int8=False):
    """Builds the student anew in tf_keras, nested models flattened.

    Args:
        student: a built Functional or Sequential `keras.Model` that `preflight` lets pass.
        for_int8: see `convert`.

    Returns:
        A `Bridged` with the student's weights.
    """
    tf_keras, _ = load()
    front = find_front(student)
    walk = _Walk(front, for_int8)
    inputs = tf_keras.Input(front.output_shape[1:], name="image")
    outputs = walk.run(student, inputs, "")
    model = tf_keras.Model(inputs, outputs, name=_legal(student.name))
    bridged = Bridged(
        model, front, walk.outputs, tuple(walk.carriers), fingerprint(student.get_weights())
    )
    for layer, names in bridged.carriers:
        _set_weights([model.get_layer(name) for name in names], layer.get_weights())
    return bridged


class _Walk:
    """One walk along the graph, with what it finds on the way."""

    def __init__(self, front, for_int8):
        self.outputs, self.carriers = {}, []
        self._front, self._for_int8 = front, for_int8
        self._taken = set()

    def run(self, model, inputs, prefix):
        """Returns the outputs of a model, nested models in it likewise."""

        def in_place_of(operation):
            path = prefix + operation.name

            def call(*args, **kwargs):
                tensors = args[0] if args else kwargs["inputs"]
                if path in self._front.paths:
                    return tensors
                if structure.is_graph(operation):
                    result = self.run(operation, tensors, f"{path}/")
                else:
                    result = self._call(operation, path, args or (tensors,))
                self.outputs.setdefault(path, maker(result).name)
                return result

            return call

        return structure.run_graph(model, inputs, in_place_of)

    def _call(self, operation, path, args):
        name = self._name(path)
        made = convert(operation, name, args, len(self._taken), self._for_int8)
        for layer in made:
            args = (_apply(layer, args),)
        if getattr(operation, "weights", None):
            names = [layer.name for layer in made if layer.count_params()]
            names = tuple(name for name in names if not name.endswith(".identity"))
            if names:  # the state of a Dropout is its own in either Keras
                self.carriers.append((operation, names))
        return args[0]

    def _name(self, path):
        name = _legal(path)
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


def _apply(layer, args):
    tensors = [arg for arg in args if hasattr(arg, "shape")] or args[0]
    return layer(tensors if len(tensors) > 1 else tensors[0])


def _legal(name):
    """A name that TensorFlow takes for a scope."""
    name = re.sub(r"[^A-Za-z0-9_.-]", ".", name)
    return name if name[:1].isalnum() else f"n{name}"


def _set_weights(layers, weights):
    for layer in layers:
        count = len(layer.get_weights())
        layer.set_weights(weights[:count])
        weights = weights[count:]


def bring_back(bridged, weights_of):
    """Gives the student the weights of its twin in tf_keras.

    Args:
        bridged: the `Bridged`; its student is changed.
        weights_of: function from the name of a layer in `bridged.model` to its list of arrays, as
            `get_weights` of that layer gives them.
    """
    for layer, names in bridged.carriers:
        layer.set_weights([array for name in names for array in weights_of(name)])


def check_parity(student, bridged, inputs):
    """Refuses a bridge that computes something else than the student.

    Args:
        student: the student, in float32.
        bridged: the `Bridged` of it.
        inputs: a batch of its inputs.

    Raises:
        ValueError: when an output differs by more than 1e-5, relative to the largest output where
            that is more than 1.
    """
    expected = keras.ops.convert_to_numpy(student(inputs, training=False))
    found = np.asarray(bridged.model(bridged.front(inputs), training=False))
    difference = float(np.max(np.abs(found - expected))) / max(1.0, float(np.max(np.abs(expected))))
    if not difference <= _TOLERANCE:
        raise ValueError(
            f"The student {student.name!r} computes something else in tf_keras, which this goes "
            f"through: outputs differ by {difference:.3g}. Expected: at most {_TOLERANCE:g}. "
            "Please report which layers it has; meanwhile compress it with `low_rank` or "
            "`prune_channels`, which stay in Keras 3."
        )
