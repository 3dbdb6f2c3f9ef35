"""Raw pixels 0..255 out of whatever the caller holds them in: a dataset, or arrays."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from tf_lpdistill.types import Structure

_CHUNK = 256


def batches(
    data: Structure, image_size: tuple[int, int], argument: str
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Yields the images of `data` as the phone will see them: whole pixel values 0..255.

    Args:
        data: raw pixels 0..255, before any preprocessing: a batched `tf.data.Dataset` of images or
            `(images, labels, ...)`, an array (n, height, width, 1 or 3), or a tuple of arrays
            `(images, labels)`.
        image_size: (height, width) in pixels; images of another size are resized (bilinear,
            antialiased).
        argument: the name of the caller's argument, for the error messages.

    Yields:
        `(images, labels)`: uint8 (batch, height, width, 1 or 3), and the labels as a numpy array,
        or None where `data` has none.

    Raises:
        TypeError: when `data` is none of the above.
        ValueError: when the pixels have another shape, are not finite, or are not 0..255.
    """
    first = True
    for images, labels in _numpy_batches(data, argument):
        check_pixels(images, argument, check_scale=first)
        first = False
        yield to_uint8(images, image_size), labels


def _numpy_batches(data, argument):
    if isinstance(data, tf.data.Dataset):
        for element in data.as_numpy_iterator():
            parts = element if isinstance(element, tuple) else (element,)
            yield parts[0], parts[1] if len(parts) > 1 else None
        return
    parts = data if isinstance(data, tuple) else (data,)
    if not all(hasattr(part, "shape") and hasattr(part, "dtype") for part in parts) or not parts:
        raise TypeError(
            f"`{argument}` must be a batched tf.data.Dataset, an array of images, or a tuple of "
            f"arrays (images, labels). Received: {type(data).__name__}"
        )
    images, labels = np.asarray(parts[0]), np.asarray(parts[1]) if len(parts) > 1 else None
    if labels is not None and len(labels) != len(images):
        raise ValueError(
            f"`{argument}` must have one label an image. "
            f"Received: {len(images)} images and {len(labels)} labels"
        )
    for start in range(0, len(images), _CHUNK):
        part = slice(start, start + _CHUNK)
        yield images[part], None if labels is None else labels[part]


def check_pixels(images: np.ndarray, argument: str, check_scale: bool = True) -> None:
    """Refuses what cannot be a batch of raw pixels.

    Args:
        images: the batch.
        argument: the name of the caller's argument, for the error messages.
        check_scale: refuse also a batch whose largest value is at most 1.5: pixels that were
            divided by 255 (or a black batch, which says nothing either).

    Raises:
        ValueError: saying what was expected and what came.
    """
    shape = getattr(images, "shape", None)
    if shape is None or len(shape) != 4 or shape[-1] not in (1, 3):
        hint = " Batch the dataset: dataset.batch(32)." if shape and len(shape) == 3 else ""
        received = f"shape={shape}" if shape is not None else type(images).__name__
        raise ValueError(
            f"`{argument}` must hold images of shape (batch, height, width, 1 or 3). "
            f"Received: {received}.{hint}"
        )
    if images.dtype.kind not in "uif":
        raise ValueError(f"`{argument}` must hold numbers 0..255. Received: dtype={images.dtype}")
    if images.size == 0:
        return
    low, high = float(np.min(images)), float(np.max(images))
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"`{argument}` must be finite. Received: NaN or infinite pixels")
    if low < 0.0 or high > 255.0 or (check_scale and high <= 1.5):
        raise ValueError(
            f"`{argument}` must hold raw pixels 0..255, before any scaling: the scaling is part of "
            f"the exported file. Received: values from {low:g} to {high:g}"
        )


def to_uint8(images: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """Returns (batch, *image_size, channels) uint8, resized where needed and rounded."""
    if tuple(images.shape[1:3]) != tuple(image_size):
        images = tf.image.resize(images, image_size, antialias=True).numpy()
    if images.dtype == np.uint8:
        return images
    return np.clip(np.rint(images), 0, 255).astype(np.uint8)


def to_rgb(images: np.ndarray) -> np.ndarray:
    """Returns (..., 3): grey pixels repeated over the three channels, RGB as it is."""
    return np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images
