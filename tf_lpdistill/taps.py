"""Features from inside a model: one model that returns predictions and features in one pass.

A feature is named by its layer. A path reaches into nested Functional and Sequential models:
`"backbone/block_13_expand_relu"`. A subclassed model cannot be looked into; let it return a dict
of tensors from `call` and name a key.
"""

import difflib
from collections.abc import Iterable
from typing import Any

import keras

from tf_lpdistill.structure import (
    evaluate,
    is_graph,
    list_layers,
    operations,
    plain_graph,
    standardized,
    symbolic_inputs,
)
from tf_lpdistill.types import Shape, Structure


def check_inputs(model: keras.Model | None, inputs: Structure) -> None:
    """Checks inputs against what a model was built for, in clearer words than the model's own.

    Args:
        model: a `keras.Model`, or None; one without symbolic inputs takes anything.
        inputs: a batch, concrete or symbolic.

    Raises:
        ValueError: when a dimension differs.
    """
    expected = symbolic_inputs(model)
    # A model fed by the names of its inputs is left to Keras, which sorts and checks them.
    if expected is None or _keys(expected) != _keys(inputs):
        return
    for tensor, spec in zip(keras.tree.flatten(inputs), keras.tree.flatten(expected), strict=False):
        pairs = zip(tensor.shape[1:], spec.shape[1:], strict=False)
        if len(tensor.shape) == len(spec.shape) and any(s not in (None, t) for t, s in pairs):
            raise ValueError(
                f"The model {model.name!r} takes inputs of shape {tuple(spec.shape)}. Received: "
                f"a batch of shape {tuple(tensor.shape)}. A teacher with another input size or "
                "scaling is wrapped first: models.adapted resizes and rescales."
            )


def _keys(inputs):
    return sorted(inputs) if isinstance(inputs, dict) else None


def feature_shapes(model: keras.Model) -> dict[str, Shape]:
    """Tells the shapes of the features of a model.

    Args:
        model: a `keras.Model`; one whose layers cannot be reached has none.

    Returns:
        {name: shape without the batch} of those that are one tensor, in the order of the forward
        pass; names as `list_layers` gives them.
    """
    inputs, names = symbolic_inputs(model), list_layers(model)
    if inputs is None:
        return {}
    features = Tap(model, names).compute_output_spec(inputs)[1]
    return {n: tuple(features[n].shape[1:]) for n in names if hasattr(features[n], "shape")}


class Tap(keras.Model):
    """A view of a model that returns `(predictions, features)` from one forward pass.

    It shares the layers of `model`, adds none, and leaves `model` as it was.

    Args:
        model: a built Functional or Sequential `keras.Model`; or any model, when `names` are keys
            of the dict that it returns, or empty.
        names: names as `list_layers` gives them.

    Returns (of a call): `predictions`, what `model` returns; `features`, a dict that maps each
        name to the output of that layer (of its first call, where it is called more than once).

    Raises:
        ValueError: for a name that `model` does not have (the nearest ones are listed), and for
            names in a Sequential model that is not built.

    Examples:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="embedding"),
        ...                           keras.layers.Dense(2)])
        >>> predictions, features = Tap(model, ["embedding"])(keras.ops.ones((5, 4)))
        >>> tuple(features["embedding"].shape)
        (5, 3)
    """

    def __init__(self, model: keras.Model, names: Iterable[str], **kwargs: Any):
        # The input goes to the model as it is: the model does its own casting.
        super().__init__(autocast=False, dtype=model.dtype_policy, **kwargs)
        self.model = model
        self.names = tuple(dict.fromkeys(names))
        self._views = _graph_views(model, self.names)
        if self.names and isinstance(model, keras.Sequential) and not self._views:
            raise ValueError(
                f"The Sequential model {model.name!r} is not built, so its layers have no outputs "
                "yet. Start it with keras.Input(...), or call it on a batch first."
            )
        if self._views:
            known = list_layers(model)
            for name in self.names:
                if name not in known:
                    raise ValueError(_unknown_name(model, name, known))
        self.built = True

    def call(
        self, inputs: Structure, training: bool | None = None
    ) -> tuple[Structure, dict[str, Structure]]:
        """Runs `model` once and collects the features on the way."""
        features = {}
        if self._views:
            predictions = self._run("", self._views[""], inputs, training, features)
        else:
            predictions = self.model(inputs, training=training)
        for name in self.names:
            if name not in features:
                features[name] = _output_entry(self.model, predictions, name)
        return predictions, features

    def _run(self, prefix, view, inputs, training, features):
        """Interprets a Functional graph, and those nested graphs that hold a named layer."""

        def recorded(operation):
            path = prefix + operation.name

            def call(*args, **kwargs):
                if "training" in kwargs and training is not None:
                    kwargs["training"] = training  # as Keras's own Functional call does
                if path in self._views:
                    nested, tensors = self._views[path], args[0] if args else kwargs["inputs"]
                    outputs = self._run(f"{path}/", nested, tensors, training, features)
                    for key, output in outputs.items() if isinstance(outputs, dict) else ():
                        self._record(f"{path}/{key}", output, features)
                else:
                    outputs = operation(*args, **kwargs)
                self._record(path, outputs, features)
                return outputs

            return call

        outputs = evaluate(view, standardized(view, inputs), recorded)
        # As Keras's own call: a list of one output is that output.
        single = isinstance(outputs, (list, tuple)) and len(outputs) == 1
        return outputs[0] if single else outputs

    def _record(self, path, output, features):
        if path in self.names:
            features.setdefault(path, output)


def _graph_views(model, names):
    """Functional views by path: "" for `model` itself, and each nested model on a named path."""
    if not names or not is_graph(model):
        return {}
    views = {"": plain_graph(model)}
    for operation in operations(model):
        inner = [n.split("/", 1)[1] for n in names if n.startswith(f"{operation.name}/")]
        for path, view in _graph_views(operation, inner).items():
            views[f"{operation.name}/{path}" if path else operation.name] = view
    return views


def _output_entry(model, predictions, name):
    if not isinstance(predictions, dict):
        raise ValueError(
            f"The layers of {model.name!r} cannot be reached from outside, so {name!r} is "
            "unknown. Let its `call` return a dict of tensors and name a key."
        )
    if name not in predictions:
        raise ValueError(_unknown_name(model, name, list(predictions)))
    return predictions[name]


def _unknown_name(model, name, known):
    nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    tails = [path for path in known if path.split("/")[-1] == name]
    suggestions = list(dict.fromkeys(tails + nearest))[:4] or known[:8]
    return (
        f"The model {model.name!r} has no feature named {name!r}. "
        f"Nearest names: {suggestions}. All of them: tf_lpdistill.taps.list_layers(model)."
    )
