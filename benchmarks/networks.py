"""The networks of the step benchmark, with a layer "features" before the logits."""

import keras
from keras import layers


def resnet(blocks, inputs=(32, 32, 3), classes=10):
    """CIFAR ResNet of depth 6 * blocks + 2 (He et al., 2016, section 4.2); float 0..1 in."""
    start = keras.Input(inputs)
    x = _norm_relu(_conv(start, 16))
    for stage, width in enumerate((16, 32, 64)):
        for block in range(blocks):
            x = _basic_block(x, width, 2 if stage and not block else 1)
    return _head(start, x, classes)


def wide_resnet(blocks, widen, inputs=(32, 32, 3), classes=10):
    """WRN of depth 6 * blocks + 4 (Zagoruyko, Komodakis, 2016); float 0..1 in."""
    start = keras.Input(inputs)
    x = _conv(start, 16)
    for stage, width in enumerate((16, 32, 64)):
        for block in range(blocks):
            x = _wide_block(x, width * widen, 2 if stage and not block else 1)
    return _head(start, _norm_relu(x), classes)


def _head(start, x, classes):
    x = layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(start, layers.Dense(classes, name="logits")(x))


def _conv(x, width, stride=1, size=3):
    return layers.Conv2D(width, size, stride, "same", use_bias=False)(x)


def _norm_relu(x):
    return layers.ReLU()(layers.BatchNormalization()(x))


def _basic_block(x, width, stride):
    y = _norm_relu(_conv(x, width, stride))
    y = layers.BatchNormalization()(_conv(y, width))
    if x.shape[-1] != width:
        x = layers.BatchNormalization()(_conv(x, width, stride, 1))
    return layers.ReLU()(layers.Add()([x, y]))


def _wide_block(x, width, stride):
    y = _norm_relu(x)
    shortcut = x if x.shape[-1] == width else _conv(y, width, stride, 1)
    y = _conv(_norm_relu(_conv(y, width, stride)), width)
    return layers.Add()([shortcut, y])
