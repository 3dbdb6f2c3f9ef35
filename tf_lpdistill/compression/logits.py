"""A classifier without its last softmax: losses want logits, and the export adds a softmax."""

import keras

from tf_lpdistill.compression.rebuild import call_layer, copy_layer, copy_weights, rebuild
from tf_lpdistill.structure import activation_name, last_operation


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
    last, stand_ins = last_operation(model), set()
    name, has_activation = activation_name(last), getattr(last, "activation", None) is not None
    if has_activation and name not in ("linear", "softmax"):
        raise ValueError(
            "The model must end in logits or in a softmax. Received: "
            f"{model.name!r} with the activation {name!r} at its end, in {last.name!r}."
        )

    def make(path, layer):
        if layer is not last or name != "softmax":
            return copy_layer(path, layer)
        if has_activation:
            return type(layer).from_config(layer.get_config() | {"activation": "linear"})
        stand_ins.add(path)
        return keras.layers.Activation("linear", name=layer.name)

    def call(path, layer, *args, **kwargs):
        # A Softmax is called with a mask, what stands in its place takes none.
        return layer(args[0]) if path in stand_ins else call_layer(path, layer, *args, **kwargs)

    copy, pairs = rebuild(model, make, call)
    copy_weights(pairs.values())
    return copy
