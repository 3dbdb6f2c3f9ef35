"""How a model is built: its layers, nested ones too, and the calls between input and output.

Functional models, and Sequential ones once they are built, are graphs of calls. Of a model with a
`call` of its own nothing can be told from outside.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras

from tf_lpdistill.types import Structure


def is_graph(model: object) -> bool:
    """Tells whether the layers of a model can be reached: Functional, or Sequential once built."""
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        return False
    # A `call` written by someone else may do anything beside running the graph.
    return type(model).call.__module__.startswith("keras.")


def symbolic_inputs(model: keras.Model | None) -> Structure:
    """Returns the symbolic inputs of a model in the structure that its call takes.

    Args:
        model: a `keras.Model`.

    Returns:
        `keras.KerasTensor` or a structure of them; None for a model without a symbolic graph.
    """
    return _ends(model)[0] if is_graph(model) else None


def operations(model: keras.Model) -> list[Any]:
    """Lists the layers, nested models and operations of a model's own graph, without its inputs.

    Args:
        model: a `keras.Model`; one that is no graph has none.
    """
    if not is_graph(model):
        return []
    found = plain_graph(model).operations
    return [operation for operation in found if not isinstance(operation, keras.layers.InputLayer)]


def list_layers(model: keras.Model) -> list[str]:
    """Lists the names by which the features of a model can be tapped.

    Args:
        model: a `keras.Model`. Functional and Sequential models are listed to any depth, a model
            that returns a dict is listed with its keys.

    Returns:
        List of str in the order of the forward pass, paths with "/" for nested models.
    """
    names = []
    for operation in operations(model):
        names.append(operation.name)
        names.extend(f"{operation.name}/{name}" for name in list_layers(operation))
    return names + [key for key in _output_keys(model) if key not in names]


def layer_at(model: keras.Model, path: str) -> keras.Layer | None:
    """Finds the layer at a path.

    Args:
        model: a `keras.Model`.
        path: as `list_layers` gives it.

    Returns:
        The layer; None for an operation that is no layer, and for a key of an output.
    """
    for part in path.split("/"):
        model = next((layer for layer in model.layers if layer.name == part), None)
        if model is None:
            return None
    return model


def run_graph(
    model: keras.Model, inputs: Structure, call: Callable[[keras.Operation], Callable]
) -> Structure:
    """Evaluates the graph of a model with something else in the place of its layers.

    Args:
        model: a model that `is_graph`.
        inputs: what stands for its inputs: tensors of any kind.
        call: function `operation -> callable`, asked for each layer, nested model and operation in
            the order of the forward pass; the callable gets what the layer would get.

    Returns:
        What stands for the model's outputs.
    """
    return evaluate(plain_graph(model), keras.tree.flatten(inputs), call)


def plain_graph(model: keras.Model) -> keras.Model:
    """Returns an uncompiled Functional model over the graph of a `model`, Sequential ones too."""
    return keras.Model(*_ends(model))


# The two names of Keras's own evaluation of a Functional graph, which it keeps to itself.


def standardized(graph: keras.Model, inputs: Structure) -> list[Any]:
    """Returns the inputs of a `plain_graph` as the list of tensors that `evaluate` takes.

    Args:
        graph: the model.
        inputs: as its call takes them; cast and expanded as the call does it.
    """
    return graph._standardize_inputs(inputs)


def evaluate(graph: keras.Model, tensors: list[Any], call: Callable[[Any], Callable]) -> Structure:
    """Evaluates a `plain_graph` on a list of tensors, or of what stands for them; see `run_graph`.

    Args:
        graph: the model.
        tensors: one for each of its inputs.
        call: function `operation -> callable`.
    """
    return graph._run_through_graph(tensors, operation_fn=call)


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of a layer or operation.

    Args:
        path: its name, as `list_layers` gives it.
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
        student: a model that `is_graph`, of one input.
        token: a `Token` for its input.
        prefix: path of the model that `student` is in, with "/".

    Returns:
        List of `Call`.
    """
    calls = []

    def recorded(operation):
        def call(*args, **kwargs):
            path, arguments = prefix + operation.name, keras.tree.flatten((args, kwargs))
            if is_graph(operation):
                calls.extend(list_calls(operation, arguments[0], f"{path}/"))
            calls.append(Call(path, operation, tuple(arguments), Token()))
            return calls[-1].output

        return call

    run_graph(student, token, recorded)
    return calls


def last_operation(model: keras.Model) -> Any:
    """Finds what makes the output of a model, the first where it has several.

    Args:
        model: a `keras.Model`; nested models are looked into.

    Returns:
        A layer or an operation; the model itself where its layers cannot be reached.
    """
    if not is_graph(model):
        return model
    makers = {}

    def recorded(operation):
        def call(*args, **kwargs):
            output = _ends(operation)[1] if is_graph(operation) else operation.output
            tokens = keras.tree.map_structure(lambda tensor: Token(), output)
            makers.update(dict.fromkeys(keras.tree.flatten(tokens), operation))
            return tokens

        return call

    tokens = [Token() for _ in keras.tree.flatten(symbolic_inputs(model))]
    first = keras.tree.flatten(run_graph(model, tokens, recorded))[0]
    return last_operation(makers[first]) if first in makers else model


def final_activation(model: keras.Model) -> str:
    """Names the last activation of a model.

    Args:
        model: a `keras.Model`; nested models are looked into.

    Returns:
        "softmax", "linear", ...; of what ends in a layer without an activation the name of that
        layer's class in small letters: a subclassed model thus tells nothing by its structure.
    """
    return activation_name(last_operation(model))


def activation_name(operation: Any) -> str:
    """Names the activation of a layer or `operation`, or its class, see `final_activation`."""
    activation = getattr(operation, "activation", None)
    if activation is None:
        return type(operation).__name__.lower()
    return getattr(activation, "__name__", type(activation).__name__.lower())


def _ends(model):
    """The symbolic inputs and outputs of a graph, in the structure that its call takes."""
    if isinstance(model, keras.Sequential):
        return model.inputs[0], model.outputs[0]
    return model.input, model.output


def _output_keys(model):
    output = _ends(model)[1] if is_graph(model) else None
    return tuple(output) if isinstance(output, dict) else ()
