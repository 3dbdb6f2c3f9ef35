"""`preflight`: what a verb cannot go through, all of it at once and before any training."""

import collections
from collections.abc import Sequence

import keras

from tf_lpdistill.compression._tfmot.packages import load
from tf_lpdistill.compression.dependencies import trace_channels
from tf_lpdistill.compression.front import find_front, is_preprocessing
from tf_lpdistill.compression.rebuild import as_functional
from tf_lpdistill.structure import Token, is_graph, list_calls

VERBS = ("prune", "cluster", "quantize_aware", "low_rank", "prune_channels")
# Layers that tf_keras has with the same meaning, or that are written with others there.
_LAYERS = {
    "Activation", "Add", "Average", "AveragePooling2D", "BatchNormalization", "Concatenate",
    "Conv1D", "Conv2D", "Conv2DTranspose", "Cropping2D", "Dense", "DepthwiseConv2D", "Dropout",
    "ELU", "Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "GroupNormalization",
    "Identity", "LayerNormalization", "LeakyReLU", "MaxPooling2D", "Maximum", "Minimum",
    "Multiply", "PReLU", "Permute", "ReLU", "Rescaling", "Reshape", "SeparableConv2D", "Softmax",
    "SpatialDropout2D", "Subtract", "UpSampling2D", "ZeroPadding2D",
}  # fmt: skip
_NORMALIZATIONS = {"GroupNormalization", "LayerNormalization"}
_ARITHMETIC = {"Add", "Divide", "Multiply", "Subtract", "TrueDivide"}
_ACTIVATIONS = {
    "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "leaky_relu", "linear", "mish",
    "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "tanh",
}  # fmt: skip
_NO_INT8_ACTIVATIONS = {"elu", "exponential", "mish", "selu", "softplus", "softsign"}

_FLOAT_KERNEL = (
    "TensorFlow Lite has no int8 kernel that training could emulate; {way}, or quantize after "
    "training: tflite.export_bundle of the float student"
)
_STAYS_IN_KERAS_3 = "or compress with low_rank or prune_channels, which stay in Keras 3"
_WAYS = {
    "GaussianNoise": "tf_keras would draw its noise anew in a resumed run: use Dropout, or add "
    "noise to the images in the tf.data pipeline",
    "Lambda": "its code cannot be carried over: write it with layers",
    "MultiHeadAttention": f"it has no twin in tf_keras: leave it out, {_STAYS_IN_KERAS_3}",
}


def preflight(student: keras.Model, verb: str, keep: Sequence[str] = ()) -> None:
    """Refuses a student that a verb cannot go through, before anything is trained.

    Layers that prepare pixels (Rescaling, Normalization, Resizing, augmentation) are fine at the
    front of the student, where they stay as they are. Squeeze-and-excitation and hard swish, as in
    MobileNetV3, go through every verb.

    Args:
        student: a `keras.Model`.
        verb: "prune", "cluster", "quantize_aware", "low_rank" or "prune_channels".
        keep: as for `prune_channels`; the other verbs do not look at it.

    Raises:
        ImportError: for the first three without tensorflow-model-optimization and tf_keras.
        TypeError: when `student` is not a Keras model.
        ValueError: for an unknown verb; for a student that is not a graph of one input and one
            output; for layers that the verb cannot go through, each named with the way out.
    """
    if verb not in VERBS:
        raise ValueError(f"`verb` must be one of {list(VERBS)}. Received: verb={verb!r}")
    if not isinstance(student, keras.Model):
        raise TypeError(f"`student` must be a keras.Model. Received: {type(student).__name__}")
    if verb == "low_rank":
        as_functional(student)
    elif verb == "prune_channels":
        trace_channels(student, keep)
    else:
        _check_crossing(student, verb)
        load()


def _check_crossing(student, verb):
    """Refuses what cannot go over to tf_keras, all layers at once."""
    _check_form(student)
    front = find_front(student)
    calls = [call for call in list_calls(student, Token()) if not front.holds(call.path)]
    problems = {}
    for call in calls:
        reason = _problem(call, verb)
        if reason:
            problems.setdefault(call.path, f"{type(call.operation).__name__}: {reason}")
    problems |= _shared(calls)
    if problems:
        lines = "".join(f"\n  {path} ({reason})" for path, reason in problems.items())
        raise ValueError(
            f"{verb} cannot go through {len(problems)} layer(s) of {student.name!r}:{lines}"
        )


def _check_form(student):
    if not is_graph(student):
        raise ValueError(
            "The student must be a built Functional or Sequential model: the layers of another one "
            f"cannot be reached. Received: {student.name!r} of type {type(student).__name__}. "
            "Build its graph with keras.Input and keras.Model(inputs, outputs)."
        )
    if len(student.inputs) != 1 or len(student.outputs) != 1:
        raise ValueError(
            "The student must take one tensor and return one. Received: "
            f"{len(student.inputs)} inputs and {len(student.outputs)} outputs. Compress the part "
            "that classifies: keras.Model(student.inputs[0], student.get_layer(NAME).output)."
        )


def _problem(call, verb):
    """Returns why a call cannot be carried over, with the way out; None when it can."""
    layer, kind, int8 = call.operation, type(call.operation).__name__, verb == "quantize_aware"
    if is_graph(layer):
        return None
    if not isinstance(layer, keras.Layer):
        return _problem_of_operation(call, kind)
    if kind == "Rescaling" and all(
        isinstance(v, (int, float)) for v in (layer.scale, layer.offset)
    ):
        return None
    if is_preprocessing(layer):
        return (
            "pixels are prepared in the middle of the student: put it first, where it stays as it "
            "is, or into the tf.data pipeline and the Preprocessing of the export"
        )
    built_in = type(layer).__module__.startswith("keras.")
    if kind not in _LAYERS or not built_in:
        others = "other built-in layers" if built_in else "built-in layers"
        return _WAYS.get(kind, f"not known here: use {others}, {_STAYS_IN_KERAS_3}")
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if kind not in ("ReLU", "LeakyReLU", "Softmax", "ELU") and activation not in _ACTIVATIONS:
        return f"tf_keras has no activation {activation!r}: choose another, {_STAYS_IN_KERAS_3}"
    return _problem_in_int8(layer, kind, activation) if int8 else None


def _problem_of_operation(call, kind):
    tokens = [isinstance(argument, Token) for argument in call.arguments]
    numbers = [a for a in call.arguments if not isinstance(a, Token) and a is not None]
    plain = all(isinstance(number, (int, float)) for number in numbers)
    divides = kind in ("Divide", "TrueDivide") and (not tokens[0] or sum(tokens) > 1)
    if kind in _ARITHMETIC and plain and not divides:
        return None
    return (
        "an operation of keras.ops; of these only sums and products, of tensors or with a number, "
        f"go through: write others with layers, {_STAYS_IN_KERAS_3}"
    )


def _problem_in_int8(layer, kind, activation):
    if kind in _NORMALIZATIONS:
        return _FLOAT_KERNEL.format(way="use BatchNormalization")
    if kind in ("Conv1D", "ELU") or activation in _NO_INT8_ACTIVATIONS:
        return _FLOAT_KERNEL.format(way="use ReLU, LeakyReLU or Conv2D")
    plain = kind != "ReLU" or (
        layer.max_value in (None, 6) and not layer.negative_slope and not layer.threshold
    )
    if not plain:
        return _FLOAT_KERNEL.format(way="use ReLU() or ReLU(6)")
    return None


def _shared(calls):
    """Layers with weights that are called more than once."""
    counts = collections.Counter(
        (call.path, id(call.operation))
        for call in calls
        if getattr(call.operation, "weights", None)
    )
    return {
        path: f"called {count} times: give each place a layer of its own, {_STAYS_IN_KERAS_3}"
        for (path, _), count in counts.items()
        if count > 1
    }
