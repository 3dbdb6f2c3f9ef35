"""How pixels become the input of a model: one description for training, checks and the phone."""

import dataclasses
import operator
from typing import Any

import keras
import numpy as np
from keras import ops

from tf_lpdistill.types import Tensor

_SCALINGS = {"0..255": (0.0, 1.0), "0..1": (0.0, 255.0), "-1..1": (127.5, 127.5)}
SCALINGS = tuple(_SCALINGS)
"""The ranges that models are usually trained on."""
IMAGENET = {
    "scaling": "mean_std",
    "mean": (123.675, 116.28, 103.53),
    "std": (58.395, 57.12, 57.375),
}
"""The mean and standard deviation of ImageNet's pixels, which most models of PyTorch are given."""
_CHANNELS = {"rgb": 3, "grayscale": 1}
# ITU-R BT.601 luma; sums to 1, so that grey pixels repeated over three channels come back as they
# were (tf.image's 0.2989 would lose 0.01 %).
_LUMA = (0.299, 0.587, 0.114)


@dataclasses.dataclass(frozen=True)
class Preprocessing:
    """From RGB or grey pixels 0..255 to what a model was trained on.

    Called on a batch of images it converts the colour, resizes (bilinear, antialiased) and
    scales: `(pixel - mean) / std`, in that order, in float32. The same object serves the input
    pipeline, the checks before training and the export, so that they cannot drift apart.

    Args:
        image_size: (height, width) of the model's input, in pixels.
        color: "rgb" (3 channels) or "grayscale" (1 channel).
        scaling: the range that the model was trained on: "0..255" (as they are), "0..1", "-1..1",
            or "mean_std" with `mean` and `std` given.
        mean: for "mean_std": one float, or one a channel, in pixel units 0..255.
        std: for "mean_std": one float, or one a channel, in pixel units 0..255; positive.

    Raises:
        ValueError: when an argument is not of the forms above.

    Examples:
        >>> Preprocessing((8, 8), color="grayscale", scaling="0..1").channels
        1
    """

    image_size: tuple[int, int]
    color: str = "rgb"
    scaling: str = "0..255"
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    def __post_init__(self):
        """Checks the fields and turns sequences into tuples."""
        object.__setattr__(self, "image_size", _checked_size(self.image_size))
        if self.color not in _CHANNELS:
            raise ValueError(
                f"`color` must be one of {sorted(_CHANNELS)}. Received: color={self.color!r}"
            )
        if self.scaling == "mean_std":
            object.__setattr__(self, "mean", self._per_channel("mean", self.mean))
            object.__setattr__(self, "std", self._per_channel("std", self.std))
            if not min(self.std) > 0.0:
                raise ValueError(f"`std` must be positive. Received: std={self.std}")
        elif self.scaling not in _SCALINGS:
            raise ValueError(
                f"`scaling` must be one of {[*_SCALINGS, 'mean_std']}. "
                f"Received: scaling={self.scaling!r}"
            )
        elif self.mean is not None or self.std is not None:
            raise ValueError(
                "`mean` and `std` go with scaling='mean_std' only. "
                f"Received: scaling={self.scaling!r}, mean={self.mean}, std={self.std}"
            )

    def _per_channel(self, name, values):
        if values is None:
            raise ValueError(f"scaling='mean_std' needs `{name}`, in pixel units 0..255.")
        values = np.atleast_1d(values)
        numbers = values.dtype.kind in "iuf" and bool(np.all(np.isfinite(values)))
        if not numbers or values.shape not in ((1,), (self.channels,)):
            raise ValueError(
                f"`{name}` must be one finite number, or {self.channels} (one a channel). "
                f"Received: {name}={values.tolist()}"
            )
        return tuple(float(value) for value in values)

    @property
    def channels(self) -> int:
        """Channels of the model's input: 3 for "rgb", 1 for "grayscale"."""
        return _CHANNELS[self.color]

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one model input."""
        return (*self.image_size, self.channels)

    @property
    def offset_and_scale(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """(mean, std), tuples of floats in pixel units: model input = (pixel - mean) / std."""
        if self.mean is not None and self.std is not None:  # as "mean_std" wants them
            return self.mean, self.std
        mean, std = _SCALINGS[self.scaling]
        return (mean,), (std,)

    def usual(self) -> list["Preprocessing"]:
        """Returns the same at each usual scaling: those of `SCALINGS`, and `IMAGENET` in colour."""
        changes = [{"scaling": scaling, "mean": None, "std": None} for scaling in SCALINGS]
        changes += [IMAGENET] * (self.channels == 3)
        return [dataclasses.replace(self, **change) for change in changes]

    def affine(self) -> tuple[np.ndarray, np.ndarray]:
        """The same map, but for the resizing, as one matrix: what the phone file computes.

        Returns:
            `(kernel, bias)`, float32 arrays (3, channels) and (channels,): model input =
            rgb @ kernel + bias, for RGB pixels 0..255 of the size `image_size`.
        """
        mean, std = (np.broadcast_to(v, self.channels) for v in self.offset_and_scale)
        color = np.eye(3) if self.channels == 3 else np.array(_LUMA)[:, None]
        return (color / std).astype("float32"), (-mean / std).astype("float32")

    def __call__(self, images: Tensor) -> Tensor:
        """Turns pixels into model input.

        Args:
            images: (batch, height, width, 1 or 3) pixels 0..255, any dtype; symbolic tensors too.

        Returns:
            (batch, *input_shape) float32.

        Raises:
            ValueError: when `images` is not of rank 4 with 1 or 3 channels.
        """
        shape = tuple(getattr(images, "shape", ()))
        if len(shape) != 4 or shape[-1] not in (1, 3):
            raise ValueError(
                "`images` must be an array of shape (batch, height, width, 1 or 3). "
                f"Received: {type(images).__name__} with shape={shape}"
            )
        pixels = ops.cast(images, "float32")
        if shape[-1] == 3 and self.channels == 1:
            pixels = ops.sum(pixels * ops.array(_LUMA, "float32"), axis=-1, keepdims=True)
        elif shape[-1] == 1 and self.channels == 3:
            pixels = ops.concatenate([pixels, pixels, pixels], axis=-1)
        if shape[1:3] != self.image_size:
            pixels = ops.image.resize(
                pixels,
                self.image_size,
                interpolation="bilinear",
                antialias=True,
                data_format="channels_last",
            )
        mean, std = self.offset_and_scale
        return (pixels - ops.array(mean, "float32")) / ops.array(std, "float32")

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields as plain JSON values; `Preprocessing(**d)` is the way back."""
        fields = dataclasses.asdict(self)
        return {key: list(v) if isinstance(v, tuple) else v for key, v in fields.items()}


def _checked_size(image_size):
    """Returns (height, width) as plain integers; 28.5 is refused, not cut to 28."""
    try:
        size = tuple(operator.index(side) for side in image_size)
    except TypeError:
        size = ()
    if len(size) != 2 or min(size) < 1:
        raise ValueError(
            "`image_size` must be (height, width), two positive integers. "
            f"Received: image_size={image_size}"
        )
    return size


def of_model(model: keras.Model, **kwargs: Any) -> Preprocessing:
    """Returns a `Preprocessing` with the input size and colour that `model` declares.

    Args:
        model: a built `keras.Model` with one image input (batch, height, width, 1 or 3).
        **kwargs: `scaling`, `mean` and `std` of `Preprocessing`; the model cannot tell them.

    Raises:
        ValueError: when the model has no single image input of a known size.
    """
    inputs = keras.tree.flatten(getattr(model, "inputs", None) or [])
    shape = tuple(inputs[0].shape) if len(inputs) == 1 else None
    if shape is None or len(shape) != 4 or None in shape[1:] or shape[-1] not in (1, 3):
        raise ValueError(
            "`model` must have one image input (batch, height, width, 1 or 3) of a known size. "
            f"Received: {model.name!r} with inputs {[tuple(i.shape) for i in inputs]}"
        )
    return Preprocessing(shape[1:3], "rgb" if shape[-1] == 3 else "grayscale", **kwargs)
