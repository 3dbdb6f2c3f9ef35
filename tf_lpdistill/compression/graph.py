"""The graph of a student as a list of calls, nested models opened."""

import dataclasses
from typing import Any

import keras

from tf_lpdistill import taps


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of a layer or operation.

    Args:
        path: its name, as `taps.list_layers` gives it.
        operation: the layer; or a nested model, after the calls inside it.
        arguments: what it is called with: tokens in the place of tensors, and plain values.
        output: the token of its output.
    """

    path: str
    operation: Any
    arguments: tuple
    output: Any


class Token:
    """Stands for a tensor."""


def list_calls(student: keras.Model, token: object, prefix: str = "") -> list[Call]:
    """Lists the calls of a student in the order of the forward pass.

    Args:
        student: a model that `taps.is_graph`, of one input.
        token: a `Token` for its input.
        prefix: path of the model that `student` is in, with "/".

    Returns:
        List of `Call`.
    """
    calls = []

    def recorded(operation):
        def call(*args, **kwargs):
            path, arguments = prefix + operation.name, keras.tree.flatten((args, kwargs))
            if taps.is_graph(operation):
                calls.extend(list_calls(operation, arguments[0], f"{path}/"))
            calls.append(Call(path, operation, tuple(arguments), Token()))
            return calls[-1].output

        return call

    taps.run_graph(student, token, recorded)
    return calls
