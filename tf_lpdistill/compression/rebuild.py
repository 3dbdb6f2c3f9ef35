"""A student built anew, layer by layer, as a plain Functional model: where layers change shape."""

from collections.abc import Callable, Iterable
from typing import Any

import keras

from tf_lpdistill.structure import symbolic_inputs
from tf_lpdistill.types import Structure


def as_functional(model: keras.Model) -> keras.Model:
    """Returns a Functional or Sequential model as a Functional one over the same layers.

    Args:
        model: a built `keras.Model`.

    Returns:
        `keras.Model` of the same name, not compiled. A list of one input or of one output, which
        some files hold, becomes that tensor.

    Raises:
        ValueError: for a model whose layers cannot be reached: subclassed, or not built.
    """
    inputs = symbolic_inputs(model)
    if inputs is None:
        raise ValueError(
            "The student must be a built Functional or Sequential model: the layers of another one "
            "cannot be replaced from outside. Received: "
            f"{getattr(model, 'name', model)!r} of type {type(model).__name__}. Build its graph "
            "with keras.Input and keras.Model(inputs, outputs)."
        )
    outputs = model.outputs if isinstance(model, keras.Sequential) else model.output
    return keras.Model(_unpack(inputs), _unpack(outputs), name=model.name)


def _unpack(structure):
    single = isinstance(structure, list | tuple) and len(structure) == 1
    return structure[0] if single else structure


def copy_layer(path: str, layer: keras.Layer) -> keras.Layer:
    """Returns a new layer with the configuration of `layer`, without its weights."""
    return type(layer).from_config(layer.get_config())


def call_layer(path: str, layer: keras.Layer, *args: Any, **kwargs: Any) -> Structure:
    """Calls a new layer on symbolic tensors."""
    return layer(*args, **kwargs)


def rebuild(
    model: keras.Model,
    make: Callable[[str, keras.Layer], keras.Layer] = copy_layer,
    call: Callable[..., Structure] = call_layer,
) -> tuple[keras.Model, dict[str, keras.Layer]]:
    """Builds a model anew over new layers; nested models too. Neither model shares weights.

    Args:
        model: a built Functional or Sequential `keras.Model`.
        make: function `(path, layer) -> new layer`, called once for each layer that is no model.
        call: function `(path, new layer, *args, **kwargs) -> outputs`, called wherever a layer or
            a nested model (after its own layers) is.

    Returns:
        `(new model, layers)`: a Functional model of the same layer names, and a dict from paths as
        `structure.list_layers` gives them to pairs `(layer, new layer)`.
    """
    pairs, made = {}, {}

    def build(graph, prefix):
        paths = {}

        def clone(layer):
            path = prefix + layer.name
            if id(layer) not in made:
                nested = symbolic_inputs(layer) is not None
                new = build(layer, f"{path}/") if nested else make(path, layer)
                made[id(layer)] = new
                if not nested:
                    pairs[path] = (layer, new)
            paths.setdefault(id(made[id(layer)]), path)
            return made[id(layer)]

        def called(layer, *args, **kwargs):
            return call(paths[id(layer)], layer, *args, **kwargs)

        return keras.models.clone_model(
            as_functional(graph), clone_function=clone, call_function=called
        )

    return build(model, ""), pairs


def copy_weights(pairs: Iterable[tuple[keras.Layer, keras.Layer]]) -> None:
    """Gives new layers the weights of the old ones.

    Args:
        pairs: pairs `(layer, new layer)` of the same shape.
    """
    for layer, new in pairs:
        if isinstance(layer, keras.Layer):  # an operation such as `x + y` has none
            new.set_weights(layer.get_weights())


def layers_by_path(model: keras.Model) -> dict[str, keras.Layer]:
    """Returns the layers of a model that are no models, and those of nested ones.

    Args:
        model: a built Functional or Sequential `keras.Model`.

    Returns:
        Dict of path, as `structure.list_layers` gives it, to layer.
    """
    found = {}
    for layer in as_functional(model).layers:
        if symbolic_inputs(layer) is not None:
            nested = layers_by_path(layer)
            found |= {f"{layer.name}/{path}": inner for path, inner in nested.items()}
        else:
            found[layer.name] = layer
    return found
