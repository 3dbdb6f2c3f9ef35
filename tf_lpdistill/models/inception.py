"""Inception with BatchNorm, the student of the paper's cost example."""

import keras
from keras import layers

from tf_lpdistill.models.blocks import conv_norm_relu
from tf_lpdistill.models.ends import pixels, pooled_classifier

# Channels of a module's branches: 1x1; 3x3 and its reduction; double 3x3 and its reduction; the
# 1x1 after the pooling. None for a module that halves the image: no first and no last branch.
_STAGES = (
    (
        (64, (64, 64), (64, 96), 32),
        (64, (64, 96), (64, 96), 64),
    ),
    (
        (None, (128, 160), (64, 96), None),
        (224, (64, 96), (96, 128), 128),
        (192, (96, 128), (96, 128), 128),
        (160, (128, 160), (128, 160), 96),
        (96, (128, 192), (160, 192), 96),
    ),
    (
        (None, (128, 192), (192, 256), None),
        (352, (192, 320), (160, 224), 128),
        (352, (192, 320), (192, 224), 128),
    ),
)


def inception_bn(
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
    name: str = "inception_bn",
) -> keras.Model:
    """Builds Inception-BN: ten modules of up to four branches, each convolution normalised.

    At 224x224 its last feature map, "stage3", is 7x7x1024. A fully connected bridge from there to
    the 7x7x2048 of a ResNet-101 would weigh 18.8 GiB in float32.

    Args:
        input_shape: (height, width, channels).
        num_classes: length of the output, >= 2.
        name: name of the model.

    Returns:
        `keras.Model` from scaled pixels (batch, *input_shape) to logits (batch, num_classes). Its
        layers: "stem", "stage1" to "stage3" (28, 14 and 7 pixels at 224), "features"
        (batch, 1024), "logits". For TensorFlow Lite CONV_2D, CONCATENATION, MAX_POOL_2D,
        AVERAGE_POOL_2D, MEAN and FULLY_CONNECTED, all int8.

    Raises:
        ValueError: when `num_classes` is smaller than 2.

    Reference: Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167, Figure 5.
    """
    inputs = pixels(input_shape)
    x = conv_norm_relu(inputs, 64, 7, 2, name="stem1")
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool1")(x)
    x = conv_norm_relu(x, 64, 1, name="stem2")
    x = conv_norm_relu(x, 192, 3, name="stem")
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool2")(x)
    for stage, modules in enumerate(_STAGES, start=1):
        for i, branches in enumerate(modules, start=1):
            module = f"stage{stage}_module{i}"
            end = f"stage{stage}" if i == len(modules) else module
            pooling = "max" if end == "stage3" else "average"  # only the very last one
            x = _module(x, *branches, pooling, module, end)
    return pooled_classifier(inputs, x, num_classes, name)


def _module(x, single, triple, double, projection, pooling, name, end):
    strides = 2 if single is None else 1
    branches = []
    if single:
        branches.append(conv_norm_relu(x, single, 1, name=f"{name}_single"))
    y = conv_norm_relu(x, triple[0], 1, name=f"{name}_triple1")
    branches.append(conv_norm_relu(y, triple[1], 3, strides, name=f"{name}_triple2"))
    y = conv_norm_relu(x, double[0], 1, name=f"{name}_double1")
    y = conv_norm_relu(y, double[1], 3, name=f"{name}_double2")
    branches.append(conv_norm_relu(y, double[1], 3, strides, name=f"{name}_double3"))
    pool = layers.MaxPooling2D if strides == 2 or pooling == "max" else layers.AveragePooling2D
    y = pool(3, strides, padding="same", name=f"{name}_pool")(x)
    branches.append(conv_norm_relu(y, projection, 1, name=f"{name}_pooled") if projection else y)
    return layers.Concatenate(name=end)(branches)
