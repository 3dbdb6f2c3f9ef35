"""Small teachers and students for pixels 0..255: plain, residual and depthwise convolutions."""

from keras import layers

from tf_lpdistill.models.blocks import conv, conv_norm_relu, depthwise, norm, norm_relu
from tf_lpdistill.models.ends import pixels, pooled_classifier


def plain(image_shape, num_classes, blocks=((8, 2), (16, 2), (16, 1)), name="plain"):
    """Builds a stack of 3x3 convolutions with BatchNorm and ReLU.

    Args:
        image_shape: (height, width, channels) of pixels 0..255.
        num_classes: length of the output, >= 2.
        blocks: (channels, stride) of each convolution.
        name: name of the model.

    Returns:
        `keras.Model` from float32 (batch, *image_shape) to logits (batch, num_classes), with the
        layers "stage1", ... after each ReLU, "features" (the pooled last one) and "logits".
    """
    inputs, x = _scaled(image_shape)
    for i, (filters, stride) in enumerate(blocks, start=1):
        x = conv_norm_relu(x, filters, 3, stride, name=f"stage{i}")
    return pooled_classifier(inputs, x, num_classes, name)


def residual(image_shape, num_classes, filters=(8, 16, 32), name="residual"):
    """Builds a ResNet of one basic block a stage, its stem with stride 2.

    Arguments and result as of `plain`, but for `filters`, the channels of each stage.
    """
    inputs, x = _scaled(image_shape)
    x = conv_norm_relu(x, filters[0], 3, 2, name="stem")
    for i, channels in enumerate(filters, start=1):
        strides = 1 if i == 1 else 2
        shortcut = x
        if x.shape[-1] != channels or strides == 2:
            shortcut = conv(x, channels, 1, strides, name=f"stage{i}_shortcut_conv")
            shortcut = norm(shortcut, f"stage{i}_shortcut")
        x = conv_norm_relu(x, channels, 3, strides, name=f"stage{i}_1")
        x = norm(conv(x, channels, 3, name=f"stage{i}_2_conv"), f"stage{i}_2_norm")
        x = layers.ReLU(name=f"stage{i}")(layers.Add(name=f"stage{i}_pre")([x, shortcut]))
    return pooled_classifier(inputs, x, num_classes, name)


def separable(image_shape, num_classes, filters=(8, 16, 32, 32), name="separable"):
    """Builds a small MobileNet: a stem with stride 2, then depthwise and 1x1 convolutions.

    Arguments and result as of `plain`, but for `filters`: the channels of the stem and of each
    stage, of which the first and the last keep the size of the maps.
    """
    inputs, x = _scaled(image_shape)
    x = conv_norm_relu(x, filters[0], 3, 2, name="stem")
    for i, channels in enumerate(filters[1:], start=1):
        strides = 1 if i in (1, len(filters) - 1) else 2
        x = norm_relu(depthwise(x, 3, strides, name=f"stage{i}_depthwise"), f"stage{i}_spatial")
        x = conv_norm_relu(x, channels, 1, name=f"stage{i}")
    return pooled_classifier(inputs, x, num_classes, name)


def _scaled(image_shape):
    """The symbolic input, and the same as -1..1."""
    inputs = pixels(image_shape)
    return inputs, layers.Rescaling(1 / 127.5, -1.0, name="scale")(inputs)
