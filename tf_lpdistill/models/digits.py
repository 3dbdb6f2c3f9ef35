"""A teacher and a student for the embedded digits: 8x8 grey pixels, scaled 0..1."""

from collections.abc import Sequence

import keras
from keras import layers

from tf_lpdistill.models.ends import pixels, pooled_classifier

# With the few hundred steps of a small data set the default of 0.99 lags far behind the weights,
# and the model scores badly at inference although it has learnt.
_MOMENTUM = 0.9


def digits_teacher(num_classes: int = 10) -> keras.Model:
    """Builds the teacher: five 3x3 convolutions, 32 to 128 channels.

    Args:
        num_classes: length of the output, >= 2.

    Returns:
        Functional `keras.Model` from float32 (batch, 8, 8, 1), pixels scaled 0..1, to logits
        (batch, num_classes), the layer "logits". The layer "features" gives the pooled
        (batch, 128). 141,098 parameters for ten classes. Initialised from Keras's global seed.

    Raises:
        ValueError: when `num_classes` is smaller than 2.
    """
    blocks = [(32, 1), (32, 1), (64, 2), (64, 1), (128, 1)]
    return _build("digits_teacher", blocks, num_classes, dropout=0.3)


def digits_student(num_classes: int = 10, filters: Sequence[int] = (8, 16, 16)) -> keras.Model:
    """Builds the student: three 3x3 convolutions with BatchNorm and ReLU, made to be quantized.

    At export each BatchNorm is folded into its convolution, and nothing but convolutions, one mean
    and one matrix product is left.

    Args:
        num_classes: length of the output, >= 2.
        filters: channels of the three convolutions; the second one halves the image.

    Returns:
        Functional `keras.Model` from float32 (batch, 8, 8, 1), pixels scaled 0..1, to logits
        (batch, num_classes), the layer "logits". The layer "features" gives the pooled
        (batch, filters[-1]). 3,858 parameters at the defaults. Initialised from Keras's global
        seed.

    Raises:
        ValueError: when `num_classes` is smaller than 2, or `filters` is not three positive
            integers.
    """
    if len(filters) != 3 or min(filters) < 1:
        raise ValueError(f"`filters` must be three positive integers. Received: filters={filters}")
    return _build("digits_student", list(zip(filters, (1, 2, 1), strict=True)), num_classes)


def _build(name, blocks, num_classes, dropout=0.0):
    """Stacks `blocks` of (filters, stride), pools, and classifies."""
    x = inputs = pixels((8, 8, 1))
    for i, (filters, stride) in enumerate(blocks, start=1):
        x = layers.Conv2D(
            filters, 3, stride, padding="same", use_bias=False,
            kernel_initializer="he_normal", name=f"conv{i}",
        )(x)  # fmt: skip
        x = layers.BatchNormalization(momentum=_MOMENTUM, name=f"norm{i}")(x)
        x = layers.ReLU(name=f"relu{i}")(x)
    return pooled_classifier(inputs, x, num_classes, name, dropout)
