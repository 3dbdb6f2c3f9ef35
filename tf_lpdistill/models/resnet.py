"""Residual networks of basic blocks for ImageNet, which keras.applications does not have."""

from collections.abc import Sequence

import keras
from keras import layers

from tf_lpdistill.models.blocks import basic_stages, conv_norm_relu
from tf_lpdistill.models.ends import pixels, pooled_classifier

_IMAGENET = (224, 224, 3)
_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


def resnet(
    depth: int,
    input_shape: tuple[int, int, int] = _IMAGENET,
    num_classes: int = 1000,
    name: str | None = None,
    filters: Sequence[int] = (64, 64, 128, 256, 512),
) -> keras.Model:
    """Builds a residual network of basic blocks: a strided stem, a pooling, and four stages.

    Args:
        depth: 18 or 34.
        input_shape: (height, width, channels).
        num_classes: length of the output, >= 2.
        name: name of the model. Defaults to "resnet" and the depth.
        filters: channels of the stem and of the four stages.

    Returns:
        `keras.Model` from scaled pixels (batch, *input_shape) to logits (batch, num_classes). Its
        layers: "stem" (half the size), "stage1" (a quarter) to "stage4" (a 32nd) after their ReLU;
        "stage1_pre" and so on is what that ReLU receives; "features" (batch, filters[-1]),
        "logits". For TensorFlow Lite CONV_2D, ADD, MAX_POOL_2D, MEAN and FULLY_CONNECTED, all int8.

    Raises:
        ValueError: for another depth, or when `num_classes` is smaller than 2.

    Reference: He et al. 2016, https://arxiv.org/abs/1512.03385, Table 1. Where the shape changes,
    the shortcut is a 1x1 convolution with BatchNorm (option B there).
    """
    if depth not in _BLOCKS:
        raise ValueError(
            "`depth` must be 18 or 34; deeper ones, of bottlenecks, are 'applications:ResNet50' "
            f"and so on. Received: depth={depth}"
        )
    inputs = pixels(input_shape)
    x = conv_norm_relu(inputs, filters[0], 7, 2, name="stem")
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool")(x)
    x = basic_stages(x, filters[1:], _BLOCKS[depth])
    return pooled_classifier(inputs, x, num_classes, name or f"resnet{depth}")


def resnet18(
    input_shape: tuple[int, int, int] = _IMAGENET, num_classes: int = 1000, name: str = "resnet18"
) -> keras.Model:
    """ResNet-18 for ImageNet, see `resnet`."""
    return resnet(18, input_shape, num_classes, name)


def resnet34(
    input_shape: tuple[int, int, int] = _IMAGENET, num_classes: int = 1000, name: str = "resnet34"
) -> keras.Model:
    """ResNet-34 for ImageNet, see `resnet`."""
    return resnet(34, input_shape, num_classes, name)
