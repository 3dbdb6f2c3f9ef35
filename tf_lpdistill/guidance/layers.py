"""The layers of a model that a loss can compare."""

import keras

from tf_lpdistill.structure import layer_at
from tf_lpdistill.taps import feature_shapes
from tf_lpdistill.types import Shape

# They give what the layer before them gives, in another form.
_REPEATS = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout2D,
    keras.layers.GaussianNoise,
    keras.layers.Flatten,
    keras.layers.Reshape,
    keras.layers.ZeroPadding2D,
)


def feature_layers(model: keras.Model) -> dict[str, Shape]:
    """Lists the layers whose output is one tensor for each sample of a known shape.

    Args:
        model: a built Functional or Sequential `keras.Model`; another one has none.

    Returns:
        {name: shape without the batch} in the order of the forward pass, names as in `taps`;
        without nested models, which give what their last layer gives, and without dropout,
        reshaping and padding.
    """
    shapes = feature_shapes(model)
    nested = {name.rpartition("/")[0] for name in shapes}
    return {
        name: shape
        for name, shape in shapes.items()
        if shape and None not in shape and name not in nested
        if not isinstance(layer_at(model, name), _REPEATS)
    }


def penultimate(model: keras.Model) -> str | None:
    """Finds the layer just before the last one that has weights: the features of the classifier.

    Args:
        model: a `keras.Model`.

    Returns:
        Its name; None for a model whose layers cannot be looked into, or with one layer alone.
    """
    names = list(feature_layers(model))
    weighted = [
        i for i, name in enumerate(names) if getattr(layer_at(model, name), "weights", None)
    ]
    return names[weighted[-1] - 1] if weighted and weighted[-1] > 0 else None


def reach(model: keras.Model, name: str) -> float:
    """The share of a model's trainable parameters that feed a layer.

    Args:
        model: a built Functional or Sequential `keras.Model`.
        name: a layer, as `feature_layers` lists it.

    Returns:
        float in [0, 1], counted in the order of the forward pass.
    """
    names = list(feature_layers(model))
    before = names[: names.index(name) + 1]
    counts = [_trainable(layer_at(model, each)) for each in before]
    return sum(counts) / max(_trainable(model), 1)


def _trainable(layer):
    variables = getattr(layer, "trainable_variables", ())
    return sum(int(keras.ops.size(variable)) for variable in variables)
