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
        output_shape: of what they return, the batch as None.
    """

    layers: tuple[keras.Layer, ...]
    output_shape: tuple

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of the layers (see `taps`)."""
        return tuple(layer.name for layer in self.layers)

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
        A `Front`. Preprocessing whose input is used elsewhere too does not belong to it.
    """
    (tensor,) = keras.tree.flatten(symbolic_inputs(student))
    shape, token = tuple(tensor.shape), Token()
    calls = [call for call in list_calls(student, token) if "/" not in call.path]
    layers = []
    while True:
        users = [call for call in calls if any(argument is token for argument in call.arguments)]
        if len(users) != 1 or not is_preprocessing(users[0].operation):
            return Front(tuple(layers), shape)
        layer, token = users[0].operation, users[0].output
        layers.append(layer)
        shape = tuple(layer.compute_output_shape(shape))


def _inner_layers(model):
    return [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
