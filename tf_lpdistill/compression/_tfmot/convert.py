"""One layer of Keras 3 as one or two layers of tf_keras that compute the same."""

from typing import Any

import keras

from tf_lpdistill.compression._tfmot.layers import own_layers
from tf_lpdistill.compression._tfmot.packages import load

# What says how weights begin, are constrained or paid for, or is of Keras 3 alone.
_LEFT_OUT = (
    "_initializer", "_regularizer", "_constraint", "dtype", "quantization_config", "rms_scaling",
)  # fmt: skip


def convert(operation, name, args, number, for_int8):
    """Converts a layer or operation.

    Args:
        operation: of Keras 3, one that `preflight` lets pass.
        name: name of the last of the new layers.
        args: what the operation is called with: tensors of tf_keras, and numbers.
        number: which operation of the student it is, from 1: the seed of a Dropout.
        for_int8: whether it will be quantized: standalone batch normalisation and separable
            convolutions are then written as what can be folded.

    Returns:
        List of layers to be called one after the other.
    """
    tf_keras, _ = load()
    kind = type(operation).__name__
    if not isinstance(operation, keras.Layer):
        return _arithmetic(kind, name, args)
    config = _clean(operation)
    if kind == "Activation":
        return _activation(_activation_name(operation), name)
    if kind == "LeakyReLU":
        return [tf_keras.layers.LeakyReLU(alpha=operation.negative_slope, name=name)]
    if kind == "Identity":
        return _activation("linear", name)
    if kind == "Rescaling":
        return _affine(float(operation.scale), float(operation.offset), name)
    if kind == "Average":
        share = 1.0 / len(args[0])
        return [_layer("Add", {}, f"{name}.sum"), own_layers().Affine(share, 0.0, name=name)]
    if kind in ("Dropout", "SpatialDropout2D"):
        return [_dropout(operation, kind, name, number)]
    if kind == "BatchNormalization" and for_int8 and not _follows_convolution(args[0]):
        return _foldable(args[0], config, name)
    if kind == "SeparableConv2D" and for_int8:
        return _separable(operation, config, name)
    activation = _activation_name(operation)
    if activation == "linear" or kind in ("ReLU", "Softmax"):
        return [_layer(kind, config, name)]
    config["activation"] = "linear"
    return [_layer(kind, config, f"{name}.linear"), *_activation(activation, name)]


def _layer(kind, config, name):
    tf_keras, _ = load()
    return getattr(tf_keras.layers, kind)(**config | {"name": name})


def _clean(layer):
    config = layer.get_config()
    config = {k: v for k, v in config.items() if not k.endswith(_LEFT_OUT)}
    if "activation" in config:
        config["activation"] = "linear"
    return config


def _activation_name(layer):
    activation = getattr(layer, "activation", None)
    return "linear" if activation is None else activation.__name__


def _activation(activation, name):
    """The layers of an activation: those that tfmot knows as layers, and those it lacks."""
    tf_keras, _ = load()
    own = own_layers()
    if activation == "relu":
        return [tf_keras.layers.ReLU(name=name)]
    if activation == "relu6":
        return [tf_keras.layers.ReLU(6.0, name=name)]
    if activation == "leaky_relu":
        return [tf_keras.layers.LeakyReLU(alpha=0.2, name=name)]  # Keras 3's default
    if activation == "hard_silu":
        return [own.HardSwish(name=name)]
    if activation == "hard_sigmoid":  # another function in tf_keras
        return [
            own.Affine(1.0, 3.0, name=f"{name}.shift"),
            tf_keras.layers.ReLU(6.0, name=f"{name}.clip"),
            own.Affine(1.0 / 6.0, 0.0, name=name),
        ]
    renamed = {"silu": "swish"}.get(activation, activation)
    return [tf_keras.layers.Activation(renamed, name=name)]


def _arithmetic(kind, name, args):
    """`x + y` and the like, between tensors or with a number."""
    tf_keras, _ = load()
    tensors = [arg for arg in args if hasattr(arg, "shape")]
    if len(tensors) == 2:
        return [_layer(kind, {}, name)]
    numbers = [float(arg) for arg in args if not hasattr(arg, "shape")]
    first = hasattr(args[0], "shape")
    scale, offset = {
        "Add": (1.0, *numbers),
        "Subtract": (1.0, -numbers[0]) if first else (-1.0, numbers[0]),
        "Multiply": (*numbers, 0.0),
        "Divide": (1.0 / numbers[0], 0.0),
        "TrueDivide": (1.0 / numbers[0], 0.0),
    }[kind]
    return _affine(scale, offset, name)


def _affine(scale, offset, name):
    """Two layers where both are needed: int8 rounds between them."""
    own = own_layers()
    if scale == 1.0 or offset == 0.0:
        return [own.Affine(scale, offset, name=name)]
    return [own.Affine(scale, 0.0, name=f"{name}.scale"), own.Affine(1.0, offset, name=name)]


def _dropout(layer, kind, name, seed):
    shape = layer.noise_shape if kind == "Dropout" else (None, 1, 1, None)
    return own_layers().Dropout(layer.rate, seed, shape, name=name)


def maker(tensor: Any) -> Any:
    """Returns the layer of tf_keras that made a symbolic `tensor`."""
    return tensor._keras_history.layer


def _follows_convolution(tensor):
    return type(maker(tensor)).__name__ in ("Conv2D", "DepthwiseConv2D")


def _foldable(tensor, config, name):
    """Batch normalisation behind a convolution that changes nothing, into which it is folded."""
    tf_keras, _ = load()
    identity = tf_keras.layers.DepthwiseConv2D(
        1, use_bias=False, depthwise_initializer="ones", trainable=False, name=f"{name}.identity"
    )
    shape = tuple(tensor.shape[1:])
    if len(shape) == 3:
        return [identity, _layer("BatchNormalization", config, name)]
    reshape = tf_keras.layers.Reshape
    return [
        reshape((1, 1, shape[-1]), name=f"{name}.image"),
        identity,
        _layer("BatchNormalization", config | {"axis": -1}, f"{name}.norm"),
        reshape(shape, name=name),
    ]


def _separable(layer, config, name):
    """The depthwise convolution, the 1x1 one, and the activation."""
    shared = ("strides", "padding", "depth_multiplier", "data_format", "kernel_size")
    depthwise = {key: config[key] for key in shared} | {"use_bias": False}
    pointwise = {"filters": layer.filters, "kernel_size": 1, "use_bias": layer.use_bias}
    activation = _activation_name(layer)
    first = _layer("DepthwiseConv2D", depthwise, f"{name}.depthwise")
    if activation == "linear":
        return [first, _layer("Conv2D", pointwise, name)]
    return [first, _layer("Conv2D", pointwise, f"{name}.linear"), *_activation(activation, name)]
