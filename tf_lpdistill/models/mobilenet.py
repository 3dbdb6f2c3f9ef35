"""MobileNet V1, V2 and V3 from keras.applications, with the layer names of this package.

All of them take pixels scaled to -1..1, as keras.applications trained them:
`Preprocessing(size, scaling="-1..1")`. `weights` is None for random ones, or the path of a
`.weights.h5` file (or "imagenet", which Keras downloads) without a classifier. BatchNorm's momentum
is 0.9 as everywhere here: with the 0.999 of keras.applications a network that has learnt for a few
hundred steps still guesses at inference.
"""

import collections
import re

import keras
from keras import layers

from tf_lpdistill.models.blocks import MOMENTUM
from tf_lpdistill.models.ends import classifier, pixels, pooled_classifier
from tf_lpdistill.types import PathLike

_IMAGENET = (224, 224, 3)
# The last layer before each halving of the image, by its name in keras.applications.
_STAGES = {
    "MobileNet": ("conv_pw_1_relu", "conv_pw_3_relu", "conv_pw_5_relu", "conv_pw_11_relu"),
    "MobileNetV2": ("expanded_conv_project_BN", "block_2_add", "block_5_add", "block_12_add"),
    "MobileNetV3Small": (
        "expanded_conv_project_bn", "expanded_conv_2_add", "expanded_conv_7_add",
    ),
    "MobileNetV3Large": (
        "expanded_conv_add", "expanded_conv_2_add", "expanded_conv_5_add", "expanded_conv_11_add",
    ),
}  # fmt: skip


def mobilenet_v1(
    input_shape: tuple[int, int, int] = _IMAGENET,
    num_classes: int = 1000,
    name: str = "mobilenet_v1",
    alpha: float = 1.0,
    weights: PathLike | None = None,
) -> keras.Model:
    """Builds MobileNet V1: depthwise and 1x1 convolutions, ReLU6.

    Args:
        input_shape: (height, width, 3), sides of 32 and more.
        num_classes: length of the output, >= 2.
        name: name of the model.
        alpha: factor of the channels. Defaults to 1.0.
        weights: see the module.

    Returns:
        `keras.Model` from pixels scaled -1..1 to logits (batch, num_classes). Its layers: "stage1"
        (half the size) to "stage5" (a 32nd), "features" (batch, 1024 * alpha), "logits"; the
        others are called as in keras.applications. All int8 for TensorFlow Lite.

    Raises:
        ValueError: when an argument is not of these forms.

    Reference: Howard et al. 2017, https://arxiv.org/abs/1704.04861, Table 1.
    """
    model = keras.applications.MobileNet
    inputs, x = _trunk(model, input_shape, alpha, weights, dropout=0.0)
    return pooled_classifier(inputs, x, num_classes, name)


def mobilenet_v2(
    input_shape: tuple[int, int, int] = _IMAGENET,
    num_classes: int = 1000,
    name: str = "mobilenet_v2",
    alpha: float = 1.0,
    weights: PathLike | None = None,
) -> keras.Model:
    """Builds MobileNet V2: inverted residuals with linear bottlenecks.

    Arguments, result and errors as in `mobilenet_v1`. "stage1" to "stage4" are linear bottlenecks,
    "stage5" is the last 1x1 convolution; "features" is (batch, 1280). All int8.

    Reference: Sandler et al. 2018, https://arxiv.org/abs/1801.04381, Table 2.
    """
    inputs, x = _trunk(keras.applications.MobileNetV2, input_shape, alpha, weights)
    return pooled_classifier(inputs, x, num_classes, name)


def mobilenet_v3_small(
    input_shape: tuple[int, int, int] = _IMAGENET,
    num_classes: int = 1000,
    name: str = "mobilenet_v3_small",
    alpha: float = 1.0,
    weights: PathLike | None = None,
    minimalistic: bool = False,
) -> keras.Model:
    """Builds MobileNet V3 small: squeeze-and-excitation and hard swish.

    Both of these compute in int8 (MEAN, MUL, HARD_SWISH), but cost accuracy there more often than
    other layers do: verify the file, or set `minimalistic`.

    Args:
        input_shape: (height, width, 3), sides of 32 and more.
        num_classes: length of the output, >= 2.
        name: name of the model.
        alpha: factor of the channels. Defaults to 1.0.
        weights: see the module.
        minimalistic: whether to do without squeeze-and-excitation, hard swish and 5x5 kernels.

    Returns:
        `keras.Model` from pixels scaled -1..1 to logits (batch, num_classes). Its layers: "stage1"
        (a quarter of the size) to "stage4" (a 32nd), "pooled", "features" (batch, 1024), "logits".

    Raises:
        ValueError: when an argument is not of these forms.

    Reference: Howard et al. 2019, https://arxiv.org/abs/1905.02244, Table 2.
    """
    model = keras.applications.MobileNetV3Small
    return _v3(model, 1024, input_shape, num_classes, name, alpha, weights, minimalistic)


def mobilenet_v3_large(
    input_shape: tuple[int, int, int] = _IMAGENET,
    num_classes: int = 1000,
    name: str = "mobilenet_v3_large",
    alpha: float = 1.0,
    weights: PathLike | None = None,
    minimalistic: bool = False,
) -> keras.Model:
    """Builds MobileNet V3 large.

    Arguments, result and errors as in `mobilenet_v3_small`, but "stage1" (half the size) to
    "stage5" (a 32nd), and "features" (batch, 1280).

    Reference: Howard et al. 2019, https://arxiv.org/abs/1905.02244, Table 1.
    """
    model = keras.applications.MobileNetV3Large
    return _v3(model, 1280, input_shape, num_classes, name, alpha, weights, minimalistic)


def _v3(model, width, input_shape, num_classes, name, alpha, weights, minimalistic):
    inputs, x = _trunk(
        model, input_shape, alpha, weights, minimalistic=minimalistic, include_preprocessing=False
    )
    x = layers.GlobalAveragePooling2D(name="pooled")(x)
    x = layers.Dense(int(width * max(alpha, 1.0)), name="hidden")(x)
    x = layers.Activation("relu" if minimalistic else "hard_swish", name="features")(x)
    return classifier(inputs, x, num_classes, name, dropout=0.2)


def _trunk(model, input_shape, alpha, weights, **kwargs):
    """Input and output of the convolutions, with stages named as everywhere in this package.

    Layers that keras.applications leaves to Keras's counter ("activation_17") are counted within
    the model, so that a second one has the same names.
    """
    trunk = model(
        input_tensor=pixels(input_shape), alpha=alpha, weights=weights, include_top=False, **kwargs
    )
    ends = (*_STAGES[model.__name__], trunk.layers[-1].name)
    names = {layer: f"stage{i}" for i, layer in enumerate(ends, start=1)}
    counts = collections.Counter()

    def renamed(layer):
        config, name = layer.get_config(), layer.name
        kind = re.fullmatch(r"(re_lu|activation)(_\d+)?", name)
        if name in names:
            config["name"] = names[name]
        elif kind:
            counts[kind[1]] += 1
            config["name"] = f"{kind[1]}_{counts[kind[1]]}"
        if isinstance(layer, layers.BatchNormalization):
            config["momentum"] = MOMENTUM
        return type(layer).from_config(config)

    copy = keras.models.clone_model(trunk, clone_function=renamed)
    copy.set_weights(trunk.get_weights())
    return copy.inputs[0], copy.outputs[0]  # `copy.input` is a list, and would warn at each call
