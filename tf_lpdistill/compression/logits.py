"""A classifier without its last softmax: losses want logits, and the export adds a softmax."""

import keras

from tf_lpdistill.compression.rebuild import (
    call_layer,
    copy_layer,
    copy_weights,
    layers_by_path,
    rebuild,
)


def as_logits(model: keras.Model) -> keras.Model:
    """Copies a classifier, with logits in the place of probabilities.

    Args:
        model: a built Functional or Sequential `keras.Model` of one output.

    Returns:
        A Functional `keras.Model` of the same layer names and weights, not compiled, whose last
        layer has no softmax.

    Raises:
        ValueError: for another model, or one that ends in another activation.
    """
    path, last = list(layers_by_path(model).items())[-1]
    softmax = isinstance(last, keras.layers.Softmax)
    activation = getattr(getattr(last, "activation", None), "__name__", "linear")
    if activation not in ("linear", "softmax"):
        raise ValueError(
            "The model must end in logits or in a softmax. Received: "
            f"{model.name!r} with the activation {activation!r} at its end, in {last.name!r}."
        )

    def make(here, layer):
        if here == path and softmax:
            return keras.layers.Activation("linear", name=layer.name)
        if here == path and activation == "softmax":
            return type(layer).from_config(layer.get_config() | {"activation": "linear"})
        return copy_layer(here, layer)

    def call(here, layer, *args, **kwargs):
        # A Softmax is called with a mask, what stands in its place takes none.
        return layer(args[0]) if here == path else call_layer(here, layer, *args, **kwargs)

    copy, pairs = rebuild(model, make, call)
    copy_weights(pairs.values())
    return copy
