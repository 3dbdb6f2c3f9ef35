"""ShuffleNet V1 and V2: cheap 1x1 convolutions, and channels that are dealt out between them.

The shuffle is RESHAPE, TRANSPOSE, RESHAPE for TensorFlow Lite; nothing stays float in int8.
"""

import keras
from keras import layers, ops

from tf_lpdistill.models.blocks import (
    channel_shuffle,
    conv,
    conv_norm_relu,
    depthwise,
    norm,
    norm_relu,
)
from tf_lpdistill.models.ends import pixels, pooled_classifier

_IMAGENET = (224, 224, 3)
_REPEATS = (4, 8, 4)
# Channels of the first stage by groups (Table 1 of V1) and of all by width (Table 5 of V2).
_V1 = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}
_V2 = {
    0.5: (48, 96, 192, 1024),
    1.0: (116, 232, 464, 1024),
    1.5: (176, 352, 704, 1024),
    2.0: (244, 488, 976, 2048),
}


def shufflenet_v1(
    input_shape: tuple[int, int, int] = _IMAGENET,
    num_classes: int = 1000,
    name: str = "shufflenet_v1",
    groups: int = 3,
    stem_stride: int = 4,
) -> keras.Model:
    """Builds ShuffleNet V1: residual units of grouped 1x1 and depthwise 3x3 convolutions.

    Args:
        input_shape: (height, width, channels).
        num_classes: length of the output, >= 2.
        name: name of the model.
        groups: of the 1x1 convolutions: 1, 2, 3, 4 or 8.
        stem_stride: how much the stem makes the image smaller: 4 as published; 1 or 2 for small
            images. The three stages halve it each.

    Returns:
        `keras.Model` from scaled pixels (batch, *input_shape) to logits (batch, num_classes). Its
        layers: "stem", "stage1" to "stage3" (the paper's stages 2 to 4, after their ReLU),
        "features" (batch, 960 for three groups), "logits".

    Raises:
        ValueError: when `groups`, `stem_stride` or `num_classes` is none of these.

    Reference: Zhang et al. 2018, https://arxiv.org/abs/1707.01083, Table 1.
    """
    if groups not in _V1:
        raise ValueError(f"`groups` must be one of {[*_V1]}. Received: groups={groups}")
    inputs = pixels(input_shape)
    x = _stem(inputs, stem_stride)
    for stage, repeats in enumerate(_REPEATS, start=1):
        filters = _V1[groups] * 2 ** (stage - 1)
        for block in range(1, repeats + 1):
            # 24 channels are too few to be grouped (section 3.2).
            first = 1 if stage == block == 1 else groups
            x = _unit_v1(x, filters, first, groups, *_names(stage, block, repeats))
    return pooled_classifier(inputs, x, num_classes, name)


def shufflenet_v2(
    input_shape: tuple[int, int, int] = _IMAGENET,
    num_classes: int = 1000,
    name: str = "shufflenet_v2",
    width: float = 1.0,
    stem_stride: int = 4,
) -> keras.Model:
    """Builds ShuffleNet V2: half of the channels passes each unit untouched.

    The halves are cut by `keras.ops.split`: post-training quantization takes it, quantization-aware
    training, which wants Keras layers only, does not.

    Args:
        input_shape: (height, width, channels).
        num_classes: length of the output, >= 2.
        name: name of the model.
        width: 0.5, 1.0, 1.5 or 2.0.
        stem_stride: how much the stem makes the image smaller: 4 as published; 1 or 2 for small
            images. The three stages halve it each.

    Returns:
        `keras.Model` from scaled pixels (batch, *input_shape) to logits (batch, num_classes). Its
        layers: "stem", "stage1" to "stage3" (the paper's stages 2 to 4), "stage4" (the last 1x1
        convolution), "features" (batch, 1024, at width 2.0 2048), "logits".

    Raises:
        ValueError: when `width`, `stem_stride` or `num_classes` is none of these.

    Reference: Ma et al. 2018, https://arxiv.org/abs/1807.11164, Table 5 and Figure 3.
    """
    if width not in _V2:
        raise ValueError(f"`width` must be one of {[*_V2]}. Received: width={width}")
    inputs = pixels(input_shape)
    x = _stem(inputs, stem_stride)
    *stages, last = _V2[width]
    for stage, (filters, repeats) in enumerate(zip(stages, _REPEATS, strict=True), start=1):
        for block in range(1, repeats + 1):
            x = _unit_v2(x, filters // 2, *_names(stage, block, repeats))
    x = conv_norm_relu(x, last, 1, name="stage4")
    return pooled_classifier(inputs, x, num_classes, name)


def _stem(inputs, stride):
    if stride not in (1, 2, 4):
        raise ValueError(f"`stem_stride` must be 1, 2 or 4. Received: stem_stride={stride}")
    if stride < 4:
        return conv_norm_relu(inputs, 24, 3, stride, name="stem")
    x = conv_norm_relu(inputs, 24, 3, 2, name="stem_relu")
    return layers.MaxPooling2D(3, 2, padding="same", name="stem")(x)


def _names(stage, block, repeats):
    """(name of the block, name of its output, whether it halves the image)."""
    name = f"stage{stage}_block{block}"
    return name, f"stage{stage}" if block == repeats else name, block == 1


def _unit_v1(x, filters, first_groups, groups, name, end, halve):
    shortcut = x
    if halve:
        filters -= x.shape[-1]
        shortcut = layers.AveragePooling2D(3, 2, padding="same", name=f"{name}_shortcut")(x)
    middle = (filters + (shortcut.shape[-1] if halve else 0)) // 4
    x = conv(x, middle, 1, name=f"{name}_conv1", groups=first_groups)
    x = norm_relu(x, f"{name}_relu1")
    x = channel_shuffle(x, groups, name=f"{name}_shuffle")
    x = norm(depthwise(x, 3, 2 if halve else 1, name=f"{name}_depthwise"), f"{name}_norm2")
    x = norm(conv(x, filters, 1, name=f"{name}_conv3", groups=groups), f"{name}_norm3")
    join = layers.Concatenate if halve else layers.Add
    return layers.ReLU(name=end)(join(name=f"{name}_join")([shortcut, x]))


def _unit_v2(x, filters, name, end, halve):
    """A unit whose two branches give `filters` channels each."""
    if halve:
        left = depthwise(x, 3, 2, name=f"{name}_left_depthwise")
        left = norm(left, f"{name}_left_depthwise_norm")
        left = conv_norm_relu(left, filters, 1, name=f"{name}_left")
    else:
        left, x = ops.split(x, 2, axis=-1)
    x = conv_norm_relu(x, filters, 1, name=f"{name}_relu1")
    x = norm(depthwise(x, 3, 2 if halve else 1, name=f"{name}_depthwise"), f"{name}_norm2")
    x = conv_norm_relu(x, filters, 1, name=f"{name}_relu3")
    x = layers.Concatenate(name=f"{name}_join")([left, x])
    return channel_shuffle(x, 2, name=end)
