"""VGG networks for small images: plain 3x3 convolutions, one linear classifier."""

from collections.abc import Sequence

import keras
from keras import layers

from tf_lpdistill.models.blocks import conv, norm, norm_relu
from tf_lpdistill.models.ends import pixels, pooled_classifier

_CIFAR = (32, 32, 3)


def vgg_cifar(
    groups: Sequence[Sequence[int]],
    input_shape: tuple[int, int, int] = _CIFAR,
    num_classes: int = 10,
    name: str = "vgg",
) -> keras.Model:
    """Builds a VGG network with BatchNorm, and with a mean and one linear layer as classifier.

    Args:
        groups: five tuples of channels, one a stage.
        input_shape: (height, width, channels). The image is halved after the first three stages;
            after the fourth only where it is 64 pixels high and wide, or more.
        num_classes: length of the output, >= 2.
        name: name of the model.

    Returns:
        `keras.Model` from scaled pixels (batch, *input_shape) to logits (batch, num_classes). Its
        layers: "stage1" to "stage5" (after their ReLU, before the pooling; "stage1_pre" and so on
        is what that ReLU receives), "features" (batch, last channels), "logits". For TensorFlow
        Lite CONV_2D, MAX_POOL_2D, MEAN and FULLY_CONNECTED, all int8.

    Raises:
        ValueError: when `num_classes` is smaller than 2, or the image smaller than 8x8.

    Reference: Simonyan & Zisserman 2015, https://arxiv.org/abs/1409.1556, Table 1; in the form of
    the common CIFAR-100 table (https://arxiv.org/abs/1910.10699), convolutions with bias.
    """
    x = inputs = pixels(input_shape, smallest=8)
    halved = 4 if min(inputs.shape[1:3]) >= 64 else 3
    for stage, filters in enumerate(groups, start=1):
        for block, channels in enumerate(filters[:-1], start=1):
            x = conv(x, channels, 3, name=f"stage{stage}_conv{block}", use_bias=True)
            x = norm_relu(x, f"stage{stage}_relu{block}")
        x = conv(x, filters[-1], 3, name=f"stage{stage}_conv{len(filters)}", use_bias=True)
        x = layers.ReLU(name=f"stage{stage}")(norm(x, f"stage{stage}_pre"))
        if stage <= halved:
            x = layers.MaxPooling2D(2, name=f"pool{stage}")(x)
    return pooled_classifier(inputs, x, num_classes, name)


def vgg8(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "vgg8"
) -> keras.Model:
    """VGG-8: 64, 128, 256, 512 and 512 channels, see `vgg_cifar`."""
    return vgg_cifar(((64,), (128,), (256,), (512,), (512,)), input_shape, num_classes, name)


def vgg13(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "vgg13"
) -> keras.Model:
    """VGG-13: twice 64, 128, 256, 512 and 512 channels, see `vgg_cifar`."""
    groups = ((64,) * 2, (128,) * 2, (256,) * 2, (512,) * 2, (512,) * 2)
    return vgg_cifar(groups, input_shape, num_classes, name)
