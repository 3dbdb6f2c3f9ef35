"""Signs that a model is given another range of pixel values than it was trained on."""

import keras
import numpy as np

from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.tflite import bootstrap, calibration, keras_student

# Pixels as they are span 255, and scaled ones 1 to 5; scaled twice 0.02, or never enough 60,000.
_NARROWEST, _WIDEST = 0.05, 300.0
# How much better another scaling must be, surely, before it is taken for a mistake.
_MARGIN = 0.05


def check_first_layer(student: keras.Model, preprocessing: Preprocessing) -> None:
    """Refuses a scaling that the student's own first layer makes absurd.

    Args:
        student: the Keras model. Only what begins with a Rescaling or Normalization layer tells.
        preprocessing: its `Preprocessing`.

    Raises:
        ValueError: when black and white come out less than 0.05 or more than 300 apart.
    """
    layer = _first_layer(student)
    scale, std = _scale(layer), preprocessing.offset_and_scale[1]
    span = 255.0 / min(std) * scale
    if _NARROWEST <= span <= _WIDEST:
        return
    own = f" and its own layer {layer.name!r}" if scale != 1.0 else ""
    raise ValueError(
        f"Behind the `preprocessing`{own} the student would see black and white {span:.3g} apart. "
        f"Expected: {_NARROWEST:g} to {_WIDEST:g}. Received: scaling={preprocessing.scaling!r}, "
        f"which divides by {std}. A student that scales inside takes '0..255'; `mean` and `std` "
        "are in pixel units 0..255."
    )


def check_scores(
    student: keras.Model, preprocessing: Preprocessing, images: np.ndarray, truth: np.ndarray
) -> None:
    """Refuses a scaling when another one surely scores better.

    Args:
        student: the Keras model.
        preprocessing: its `Preprocessing`.
        images: array (n, height, width, 1 or 3) of pixels 0..255; 200, evenly spread, are used.
        truth: (n,) integer labels.

    Raises:
        ValueError: when "0..255", "0..1", "-1..1" or, in colour, ImageNet's mean and std is right
            on 5 in 100 images more than the given scaling, at the lower end of the 95 % interval.
    """
    truth = truth[calibration.spread(len(truth))]
    images = calibration.representative_images(images, preprocessing.image_size)
    own = _right(student, preprocessing, images, truth)
    rights = [(_right(student, other, images, truth), other) for other in preprocessing.usual()]
    right, best = max(rights, key=lambda pair: pair[0].mean())
    if bootstrap.mean_interval(right - own)[0] <= _MARGIN:
        return
    values = f", mean={best.mean}, std={best.std}" if best.mean else ""
    raise ValueError(
        f"The student is right on {own.mean():.0%} of the {len(truth)} labelled images, and on "
        f"{right.mean():.0%} with {best.scaling!r}{values}. Expected: the scaling "
        f"that it was trained on. Received: scaling={preprocessing.scaling!r}. Look it up in its "
        "training code."
    )


def _scale(layer):
    """Returns what a layer multiplies its input by, 1 where it does not scale."""
    if isinstance(layer, keras.layers.Rescaling):
        return float(np.max(np.abs(layer.scale)))
    if isinstance(layer, keras.layers.Normalization) and not layer.invert:
        return float(1.0 / np.sqrt(np.min(keras.ops.convert_to_numpy(layer.variance))))
    return 1.0


def _right(student, preprocessing, images, truth):
    """Returns 1 where the student names the right class, else 0."""
    call = keras_student.reference(student, preprocessing, images.shape[-1])
    return np.array(
        [int(call(image).argmax() == t) for image, t in zip(images, truth, strict=True)]
    )


def _first_layer(model):
    """Returns the first layer that is neither an input nor, by its name, augmentation."""
    for layer in getattr(model, "layers", None) or []:
        inner = _first_layer(layer) if isinstance(layer, keras.Model) else layer
        augments = type(inner).__name__.startswith("Random")
        if inner is not None and not isinstance(inner, keras.layers.InputLayer) and not augments:
            return inner
    return None
