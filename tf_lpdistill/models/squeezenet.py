"""SqueezeNet 1.0 and 1.1: few channels squeezed out, many expanded, no BatchNorm.

For TensorFlow Lite CONV_2D, CONCATENATION, MAX_POOL_2D, MEAN and FULLY_CONNECTED, all int8.
"""

from collections.abc import Sequence

import keras
from keras import layers

from tf_lpdistill.models.blocks import conv
from tf_lpdistill.models.ends import pixels, pooled_classifier

_IMAGENET = (224, 224, 3)
# Squeezed channels of the fire modules; four times as many are expanded by 1x1 and by 3x3 each.
_STAGES_1_0 = ((16, 16, 32), (32, 48, 48, 64), (64,))
_STAGES_1_1 = ((16, 16), (32, 32), (48, 48, 64, 64))


def squeezenet_1_0(
    input_shape: tuple[int, int, int] = _IMAGENET,
    num_classes: int = 1000,
    name: str = "squeezenet_1_0",
) -> keras.Model:
    """SqueezeNet 1.0, as in Table 1 of the paper, see `squeezenet`."""
    return squeezenet(96, 7, _STAGES_1_0, input_shape, num_classes, name)


def squeezenet_1_1(
    input_shape: tuple[int, int, int] = _IMAGENET,
    num_classes: int = 1000,
    name: str = "squeezenet_1_1",
) -> keras.Model:
    """SqueezeNet 1.1: earlier poolings, less than half of the operations, see `squeezenet`."""
    return squeezenet(64, 3, _STAGES_1_1, input_shape, num_classes, name)


def squeezenet(
    stem_filters: int,
    stem_size: int,
    stages: Sequence[Sequence[int]],
    input_shape: tuple[int, int, int],
    num_classes: int,
    name: str,
) -> keras.Model:
    """Builds a SqueezeNet.

    The paper's last 1x1 convolution and the mean after it are here a mean and a linear layer with
    the same weights, so that features come before classes; its ReLU, which would cut the logits at
    zero, is left out.

    Args:
        stem_filters: channels of the first convolution.
        stem_size: side of its kernel, in pixels.
        stages: one tuple of squeezed channels for each resolution.
        input_shape: (height, width, channels); the stem halves it twice, a pooling before each
            further stage once.
        num_classes: length of the output, >= 2.
        name: name of the model.

    Returns:
        `keras.Model` from scaled pixels (batch, *input_shape) to logits (batch, num_classes). Its
        layers: "stem", "stage1" to "stage3", "features" (batch, 512), "dropout" (0.5), "logits".

    Raises:
        ValueError: when `num_classes` is smaller than 2.

    Reference: Iandola et al. 2016, https://arxiv.org/abs/1602.07360, Table 1; 1.1 is published as
    code only, https://github.com/forresti/SqueezeNet.
    """
    inputs = pixels(input_shape)
    x = _conv_relu(inputs, stem_filters, stem_size, 2, name="stem")
    for stage, squeezed in enumerate(stages, start=1):
        x = layers.MaxPooling2D(3, 2, padding="same", name=f"pool{stage}")(x)
        for block, channels in enumerate(squeezed, start=1):
            fire = f"stage{stage}_fire{block}"
            x = _fire(x, channels, fire, f"stage{stage}" if block == len(squeezed) else fire)
    return pooled_classifier(inputs, x, num_classes, name, dropout=0.5)


def _fire(x, squeezed, name, end):
    x = _conv_relu(x, squeezed, 1, name=f"{name}_squeeze")
    small = _conv_relu(x, 4 * squeezed, 1, name=f"{name}_expand1")
    large = _conv_relu(x, 4 * squeezed, 3, name=f"{name}_expand3")
    return layers.Concatenate(name=end)([small, large])


def _conv_relu(x, filters, size, strides=1, *, name):
    x = conv(x, filters, size, strides, name=f"{name}_conv", use_bias=True)
    return layers.ReLU(name=name)(x)
