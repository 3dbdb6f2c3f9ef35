"""The two ends that all networks share: scaled pixels in, pooled features and logits out."""

import operator

import keras
from keras import layers

from tf_lpdistill.types import Tensor


def pixels(input_shape: tuple[int, int, int], smallest: int = 1) -> Tensor:
    """Returns the symbolic input "pixels".

    Args:
        input_shape: (height, width, channels), three positive integers.
        smallest: height and width below which a network has no pixel left at its end. Keras 3.12
            makes such a network, later ones name a layer in the middle.

    Raises:
        ValueError: when `input_shape` is not of that form, or too small.
    """
    try:
        shape = tuple(operator.index(side) for side in input_shape)
    except TypeError:
        shape = ()
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(
            "`input_shape` must be (height, width, channels), three positive integers. "
            f"Received: input_shape={input_shape}"
        )
    if min(shape[:2]) < smallest:
        raise ValueError(
            f"This network takes images of at least {smallest}x{smallest} pixels: of smaller ones "
            f"nothing is left at its end. Received: input_shape={input_shape}"
        )
    return keras.Input(shape, name="pixels")


def pooled_classifier(
    inputs: Tensor, x: Tensor, num_classes: int, name: str, dropout: float = 0.0
) -> keras.Model:
    """Ends a network in its mean over the image, the layer "features", and in logits.

    Args:
        inputs: the symbolic input of the network.
        x: (batch, height, width, channels), its last feature map.
        num_classes: length of the output, >= 2.
        name: name of the model.
        dropout: share of the features that is dropped before the classifier, in [0, 1).

    Returns:
        `keras.Model` from `inputs` to logits (batch, num_classes), the layer "logits".

    Raises:
        ValueError: when `num_classes` is smaller than 2.
    """
    features = layers.GlobalAveragePooling2D(name="features")(x)
    return classifier(inputs, features, num_classes, name, dropout)


def classifier(
    inputs: Tensor, features: Tensor, num_classes: int, name: str, dropout: float = 0.0
) -> keras.Model:
    """Like `pooled_classifier`, for a vector of features (batch, width) that has its name."""
    if num_classes < 2:
        raise ValueError(f"`num_classes` must be >= 2. Received: num_classes={num_classes}")
    if dropout:
        features = layers.Dropout(dropout, name="dropout")(features)
    return keras.Model(inputs, layers.Dense(num_classes, name="logits")(features), name=name)
