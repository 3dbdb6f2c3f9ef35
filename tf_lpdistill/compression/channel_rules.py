"""How each kind of layer passes channels on, and which of its weights belong to which channel."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
from keras import layers

# Those that act on each number for itself; softmax, for one, looks at all channels.
_ELEMENTWISE = {
    "celu", "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu",
    "linear", "log_sigmoid", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "softplus",
    "softsign", "tanh",
}  # fmt: skip


class CannotFollow(Exception):
    """A layer mixes or orders channels in a way that is not known here; the text says which."""


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of a layer.

    Args:
        layer: the layer.
        inputs: the channels of each input, arrays of numbers.
        shapes: the shape of each input.
        output_shape: of the output.
        constants: arguments beside these that are arrays.
    """

    layer: keras.Layer
    inputs: list
    shapes: list
    output_shape: tuple
    constants: list


def _outputs(weight, ins, outs):
    return weight[..., outs]


def _inputs_and_outputs(weight, ins, outs):
    return weight[..., ins, :][..., outs]


def _inputs_with_multiplier(weight, ins, outs):
    return weight[..., ins, :]


def _pointwise(weight, ins, outs):
    multiplier = weight.shape[-2] // len(ins)
    return weight[..., np.repeat(ins, multiplier), :][..., outs]


def _slopes(weight, ins, outs):
    return weight[..., outs] if weight.shape[-1] == len(outs) else weight


@dataclasses.dataclass(frozen=True)
class Rule:
    """What a kind of layer does with channels.

    Args:
        trace: function `(channels, call) -> channels of the output`; raises `CannotFollow`.
        cuts: by the name of a weight a function `(weight, ins, outs) -> cut weight` of the boolean
            masks of its input's and output's channels.
        configure: function `(config, outs) -> changed entries of the configuration`.
        norm: the weight whose norms over all but its last dimension say how much an output counts.
    """

    trace: Callable
    cuts: dict = dataclasses.field(default_factory=dict)
    configure: Callable = lambda config, outs: {}
    norm: str | None = None


def _check_layout(call):
    if getattr(call.layer, "data_format", "channels_last") != "channels_last":
        raise CannotFollow("channels come first")


def _same(channels, call):
    """Each channel for itself."""
    _check_layout(call)
    return call.inputs[0]


def _made(channels, call):
    """New channels, each out of all of the input."""
    if getattr(call.layer, "groups", 1) != 1:
        raise CannotFollow("it works in groups of channels")
    _same(channels, call)
    return channels.new(call.output_shape[-1])


def _multiplied(channels, call):
    return np.repeat(_same(channels, call), call.layer.depth_multiplier)


def _normalized(channels, call):
    if call.layer.axis not in (-1, len(call.shapes[0]) - 1):
        raise CannotFollow("it does not normalise the last axis")
    return call.inputs[0]


def _rescaled(channels, call):
    if np.ndim(call.layer.scale) or np.ndim(call.layer.offset):
        raise CannotFollow("each channel has a scale of its own")
    return call.inputs[0]


def _merged(channels, call):
    """Channel by channel of several inputs; one that has a single channel is for all."""
    if len({len(shape) for shape in call.shapes}) > 1:
        raise CannotFollow("its inputs have different numbers of dimensions")
    if call.constants:
        raise CannotFollow("an array of constants goes into it")
    widest = max(call.inputs, key=len)
    for numbers in call.inputs:
        if len(numbers) == len(widest):
            channels.join(numbers, widest)
        else:
            channels.keep(numbers)
    return widest


def _concatenated(channels, call):
    if call.layer.axis in (-1, len(call.shapes[0]) - 1):
        return np.concatenate(call.inputs)
    return _merged(channels, call)


def _reshaped(channels, call):
    """Follows the channel of each number; each place of the last axis must hold one channel."""
    _check_layout(call)
    shapes = (call.shapes[0][1:], call.output_shape[1:])
    if None in shapes[0] + shapes[1]:
        raise CannotFollow("the size of its input is not fixed")
    places = np.broadcast_to(call.inputs[0], shapes[0]).reshape((-1, shapes[1][-1]))
    if (places != places[0]).any():
        raise CannotFollow("it spreads channels over several axes")
    return places[0]


def _padded(channels, call):
    """Zeros around the image; with channels said to come first, beside the channels."""
    if call.layer.data_format == "channels_last":
        return call.inputs[0]
    left, right = call.layer.padding[-1]
    return np.concatenate([channels.new(left), call.inputs[0], channels.new(right)])


def _fewer_filters(config, outs):
    return {"filters": int(outs.sum())}


def _fewer_units(config, outs):
    return {"units": int(outs.sum())}


def _narrower_shape(config, outs):
    return {"target_shape": (*config["target_shape"][:-1], int(outs.sum()))}


def _less_padding(config, outs):
    if config["data_format"] == "channels_last":
        return {}
    left, right = config["padding"][-1]
    rest = int(outs[:left].sum()), int(outs[len(outs) - right :].sum())
    return {"padding": (*config["padding"][:-1], rest)}


def _rules():
    full = {"kernel": _inputs_and_outputs, "bias": _outputs}
    convolution = Rule(_made, full, _fewer_filters, norm="kernel")
    depthwise = Rule(_multiplied, {"kernel": _inputs_with_multiplier, "bias": _outputs})
    separable = Rule(
        _made,
        {
            "depthwise_kernel": _inputs_with_multiplier,
            "pointwise_kernel": _pointwise,
            "bias": _outputs,
        },
        _fewer_filters,
        norm="pointwise_kernel",
    )
    moments = ("gamma", "beta", "moving_mean", "moving_variance")
    rules = {
        layers.Dense: Rule(_made, full, _fewer_units, norm="kernel"),
        layers.BatchNormalization: Rule(_normalized, dict.fromkeys(moments, _outputs)),
        layers.PReLU: Rule(_same, {"alpha": _slopes}),
        layers.Rescaling: Rule(_rescaled),
        layers.Concatenate: Rule(_concatenated),
        layers.Flatten: Rule(_reshaped),
        layers.Reshape: Rule(_reshaped, configure=_narrower_shape),
        layers.ZeroPadding2D: Rule(_padded, configure=_less_padding),
        layers.ZeroPadding3D: Rule(_padded, configure=_less_padding),
        layers.ZeroPadding1D: Rule(_same),
    }
    for rank in ("1D", "2D", "3D"):
        rules[getattr(layers, f"Conv{rank}")] = convolution
        for kind in (
            "MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling",
            "Cropping", "UpSampling", "SpatialDropout",
        ):  # fmt: skip
            rules[getattr(layers, kind + rank)] = Rule(_same)
    for rank in ("1D", "2D"):
        rules[getattr(layers, f"DepthwiseConv{rank}")] = depthwise
        rules[getattr(layers, f"SeparableConv{rank}")] = separable
    for kind in (
        layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.Identity,
        layers.Dropout, layers.GaussianDropout, layers.GaussianNoise, layers.ActivityRegularization,
        layers.Resizing, layers.Softmax,
    ):  # fmt: skip
        rules[kind] = Rule(_same)
    for kind in (
        layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum,
        layers.Minimum,
    ):  # fmt: skip
        rules[kind] = Rule(_merged)
    return rules


RULES = _rules()
# Of expressions such as `x + y`; Keras gives their classes no public name.
_MERGING_OPERATIONS = {"Add", "Subtract", "Multiply", "Maximum", "Minimum"}
_ELEMENTWISE_OPERATIONS = {name.replace("_", "") for name in _ELEMENTWISE}


def rule_of(layer: keras.Layer) -> Rule:
    """Returns the `Rule` of a layer, by its very class: a subclass may do anything.

    Raises:
        CannotFollow: when there is none.
    """
    kind = type(layer)
    if kind in RULES:
        return RULES[kind]
    if not isinstance(layer, keras.Layer) and kind.__module__.startswith("keras."):
        if kind.__name__ in _MERGING_OPERATIONS:
            return Rule(_merged)
        if kind.__name__.lower() in _ELEMENTWISE_OPERATIONS:
            return Rule(_same)
    raise CannotFollow("how it treats channels is not known")


def why_all_outputs(layer: keras.Layer) -> str | None:
    """Says why the output of a layer loses its meaning without some of its channels, or None."""
    if isinstance(layer, layers.Softmax):
        return "each of its outputs looks at all channels"
    name = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if name in _ELEMENTWISE:
        return None
    return f"its activation {name!r} is not known to act on each channel for itself"
