"""Preprocessing layers at the front of a student: they stay as they are, the rest is compressed."""

import dataclasses
import inspect

import keras

from tf_lpdistill.structure import Token, is_graph, list_calls, symbolic_inputs
from tf_lpdistill.types import Structure

_KINDS = {"Rescaling", "Normalization", "Resizing", "CenterCrop", "AutoContrast"}


@dataclasses.dataclass(frozen=True)
class Front:
    """What a student does with its input before its first trained layer.

    Args:
        layers: the student's own layers, called one after the other.
        paths: of these layers, see `taps`.
        output_shape: of what they return, the batch as None.
    """

    layers: tuple[keras.Layer, ...]
    paths: tuple[str, ...]
    output_shape: tuple

    def holds(self, path: str) -> bool:
        """Tells whether a path is that of one of the layers, or of something inside of one."""
        return any(path == own or path.startswith(f"{own}/") for own in self.paths)

    def __call__(self, inputs: Structure, training: bool = False) -> Structure:
        """Runs the layers, augmentation only where `training`."""
        for layer in self.layers:
            takes_training = "training" in inspect.signature(layer.call).parameters
            inputs = layer(inputs, **({"training": training} if takes_training else {}))
        return inputs


def is_preprocessing(layer: keras.Layer) -> bool:
    """Tells whether a layer, or every layer of a nested model, makes pixels fit for a network."""
    if is_graph(layer):
        return all(is_preprocessing(inner) for inner in _inner_layers(layer))
    name = type(layer).__name__
    return isinstance(layer, keras.Layer) and (
        name in _KINDS
        or (name.startswith("Random") and type(layer).__module__.startswith("keras."))
    )


def find_front(student: keras.Model) -> Front:
    """Finds the preprocessing at the front of a student.

    Args:
        student: a built Functional or Sequential `keras.Model` of one input.

    Returns:
        A `Front`, also where it begins a nested model. Preprocessing whose input is used elsewhere
        too does not belong to it.
    """
    (tensor,) = keras.tree.flatten(symbolic_inputs(student))
    shape, token = tuple(tensor.shape), Token()
    calls = _steps(list_calls(student, token))
    layers, paths = [], []
    while True:
        users = [call for call in calls if any(argument is token for argument in call.arguments)]
        if len(users) != 1 or not is_preprocessing(users[0].operation):
            return Front(tuple(layers), tuple(paths), shape)
        layer, token = users[0].operation, users[0].output
        layers.append(layer)
        paths.append(users[0].path)
        shape = tuple(layer.compute_output_shape(shape))


def _steps(calls):
    """Calls as a front takes them: models of preprocessing alone as one, others layer by layer."""
    models = [call for call in calls if is_graph(call.operation)]
    opened = [call.path for call in models if not is_preprocessing(call.operation)]
    whole = [f"{call.path}/" for call in models if call.path not in opened]
    return [c for c in calls if c.path not in opened and not c.path.startswith(tuple(whole))]


def _inner_layers(model):
    return [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
