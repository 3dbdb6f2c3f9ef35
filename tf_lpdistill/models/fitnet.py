"""The maxout networks of FitNets for CIFAR and MNIST: thin deep students and their teachers.

Romero et al., ICLR 2015, https://arxiv.org/abs/1412.6550. The layer that a student is guided at is
called "guided", the teacher's that it is compared with "hint": `Hint("hint", "guided")`.
All of them consist of CONV_2D, MAXIMUM, MAX_POOL_2D and FULLY_CONNECTED for TensorFlow Lite, and
nothing stays float in int8.
"""

from collections.abc import Sequence

import keras
from keras import layers

from tf_lpdistill.models.blocks import maxout
from tf_lpdistill.models.ends import classifier, pixels

_CIFAR = (32, 32, 3)
_MNIST = (28, 28, 1)


def fitnet1(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "fitnet1"
) -> keras.Model:
    """FitNet 1: 11 layers, 251,194 parameters; "guided" is its layer 6. See `fitnet`."""
    return fitnet(((16,) * 3, (32,) * 3, (48, 48, 64)), input_shape, num_classes, name)


def fitnet2(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "fitnet2"
) -> keras.Model:
    """FitNet 2: 11 layers, 864,122 parameters; "guided" is its layer 6. See `fitnet`."""
    return fitnet(((16, 32, 32), (48, 64, 80), (96, 96, 128)), input_shape, num_classes, name)


def fitnet3(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "fitnet3"
) -> keras.Model:
    """FitNet 3: 13 layers, 1,506,138 parameters; "guided" is its layer 8. See `fitnet`."""
    return fitnet(((32, 48, 64, 64), (80,) * 4, (128,) * 3), input_shape, num_classes, name)


def fitnet4(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "fitnet4"
) -> keras.Model:
    """FitNet 4: 19 layers, 2,548,602 parameters; "guided" is its layer 11. See `fitnet`."""
    groups = ((32, 32, 32, 48, 48), (80,) * 6, (128,) * 6)
    return fitnet(groups, input_shape, num_classes, name)


def fitnet(
    groups: Sequence[Sequence[int]],
    input_shape: tuple[int, int, int] = _CIFAR,
    num_classes: int = 10,
    name: str = "fitnet",
    initializer: str | keras.Initializer = "he_normal",
) -> keras.Model:
    """Builds a FitNet: three groups of 3x3 maxout convolutions, each ended by a pooling.

    Args:
        groups: three tuples of channels. The paper's numbers of parameters follow with two pieces
            everywhere.
        input_shape: (height, width, channels). The last pooling takes what is left of the image,
            8x8 of 32x32.
        num_classes: length of the output, >= 2.
        name: name of the model.
        initializer: initial weights. The paper draws them from uniform(-0.005, 0.005), with which
            the deep ones learn next to nothing unless they are guided first.

    Returns:
        `keras.Model` from scaled pixels (batch, *input_shape) to logits (batch, num_classes). Its
        layers: "stage1", "guided" (the end of the second group) and "stage3", each after its
        pooling; "features", (batch, 500); "logits". The paper's inputs are contrast-normalised and
        whitened.

    Raises:
        ValueError: when `num_classes` is smaller than 2, or the image smaller than 4x4.
    """
    x = inputs = pixels(input_shape, smallest=4)
    layer = 0
    for filters, end in zip(groups, ("stage1", "guided", "stage3"), strict=True):
        for channels in filters:
            layer += 1
            x = _conv_maxout(x, channels, 3, f"layer{layer}", initializer=initializer)
        if end == "stage3":
            x = layers.GlobalMaxPooling2D(name=end)(x)
        else:
            x = layers.MaxPooling2D(2, name=end)(x)
    return classifier(inputs, _dense_maxout(x, 500, initializer), num_classes, name)


def fitnet_teacher(
    input_shape: tuple[int, int, int] = _CIFAR, num_classes: int = 10, name: str = "fitnet_teacher"
) -> keras.Model:
    """Builds the maxout teacher for CIFAR: 96, 192 and 192 channels, 9,046,330 parameters.

    The paper says ~9M parameters and leaves the rest to Goodfellow et al. 2013
    (https://arxiv.org/abs/1302.4389): kernels 8, 8 and 5, paddings 4, 3 and 3, a maxout layer of
    500. Two pieces in that layer are a reading: the published number fits two, not five (16.2M).
    Arguments, layers and errors as in `mnist_teacher`; "features" is (batch, 500).
    """
    x = inputs = pixels(input_shape, smallest=2)
    x = _teacher_trunk(x, (96, 192, 192), first_padding=4)
    features = _dense_maxout(layers.Flatten(name="flat")(x), 500, "he_normal")
    return classifier(inputs, features, num_classes, name)


def mnist_teacher(
    input_shape: tuple[int, int, int] = _MNIST, num_classes: int = 10, name: str = "mnist_teacher"
) -> keras.Model:
    """Builds the maxout teacher for MNIST: 48, 48 and 24 channels, 361,066 parameters.

    The paper's 361K, with kernels 8, 8 and 5 and paddings 0, 3 and 3 (Goodfellow et al. 2013). A
    pooling window that leaves the image is cut off by Keras on both sides, by the authors' library
    on one: feature maps differ by a pixel, numbers of parameters do not.

    Args:
        input_shape: (height, width, channels).
        num_classes: length of the output, >= 2.
        name: name of the model.

    Returns:
        `keras.Model` from scaled pixels (batch, *input_shape) to logits (batch, num_classes). Its
        layers: "stage1", "hint" (the paper's layer 2) and "stage3", each after its pooling;
        "features", here (batch, 216); "logits".

    Raises:
        ValueError: when `num_classes` is smaller than 2, or the image smaller than 10x10 (2x2 for
            `fitnet_teacher`, which pads more).
    """
    x = inputs = pixels(input_shape, smallest=10)
    x = _teacher_trunk(x, (48, 48, 24), first_padding=0)
    return classifier(inputs, layers.Flatten(name="features")(x), num_classes, name)


def mnist_student(
    input_shape: tuple[int, int, int] = _MNIST, num_classes: int = 10, name: str = "mnist_student"
) -> keras.Model:
    """Builds the student for MNIST: six thin maxout layers, 30,066 parameters.

    The paper names the channels 16, 16, 16, 16, 12, 12 and 30K. Read here as 3x3 kernels with 9x9
    pixels before the classifier, in one 4x4 pooling with stride 3 after the second layer: a
    reading, not published.

    Args:
        input_shape: (height, width, channels).
        num_classes: length of the output, >= 2.
        name: name of the model.

    Returns:
        `keras.Model` from scaled pixels (batch, *input_shape) to logits (batch, num_classes). Its
        layers: "stage1" (the pooling), "guided" (layer 4), "stage3" (layer 6); "features", here
        (batch, 972); "logits".

    Raises:
        ValueError: when `num_classes` is smaller than 2, or the image smaller than 4x4.
    """
    x = inputs = pixels(input_shape, smallest=4)
    x = _conv_maxout(x, 16, 3, "layer1")
    x = layers.MaxPooling2D(4, 3, name="stage1")(_conv_maxout(x, 16, 3, "layer2"))
    x = _conv_maxout(x, 16, 3, "layer3")
    x = _conv_maxout(x, 16, 3, "guided")
    x = _conv_maxout(x, 12, 3, "layer5")
    x = _conv_maxout(x, 12, 3, "stage3")
    return classifier(inputs, layers.Flatten(name="features")(x), num_classes, name)


def _teacher_trunk(x, filters, first_padding):
    """The three maxout convolutions of both teachers, each with its pooling by two."""
    rows = (  # kernel, padding, pooling window and what Keras does where it leaves the image
        (8, first_padding, 4, "same", "stage1"),
        (8, 3, 4, "same", "hint"),
        (5, 3, 2, "valid", "stage3"),
    )
    for i, (size, padding, window, overhang, end) in enumerate(rows):
        if padding:
            x = layers.ZeroPadding2D(padding, name=f"padding{i + 1}")(x)
        x = _conv_maxout(x, filters[i], size, f"layer{i + 1}", padding="valid")
        x = layers.MaxPooling2D(window, 2, padding=overhang, name=end)(x)
    return x


def _conv_maxout(x, filters, size, name, padding="same", initializer="he_normal"):
    def make(piece):
        return layers.Conv2D(
            filters, size, padding=padding, kernel_initializer=initializer, name=piece
        )

    return maxout(x, make, name=name)


def _dense_maxout(x, width, initializer):
    def make(piece):
        return layers.Dense(width, kernel_initializer=initializer, name=piece)

    return maxout(x, make, name="features")
