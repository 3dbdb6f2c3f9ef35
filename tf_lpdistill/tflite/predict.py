"""`predict`: what one file of a bundle makes of many images, on this computer."""

import numpy as np

from tf_lpdistill.tflite import pixels
from tf_lpdistill.tflite.bundle import Bundle
from tf_lpdistill.tflite.runtime import Runner
from tf_lpdistill.types import PathLike, Structure


def predict(bundle: Bundle | PathLike, precision: str, images: Structure) -> np.ndarray:
    """Runs one file of a bundle on images, one after the other.

    Args:
        bundle: a `Bundle`, or its folder. Damaged files are refused.
        precision: which of its files, such as "int8".
        images: (n, height, width, 1 or 3) raw pixels 0..255, or a batched `tf.data.Dataset` of
            them; grey ones are repeated to RGB, other sizes are resized.

    Returns:
        (n, classes) float32 probabilities, or embeddings (n, dimensions).

    Raises:
        ValueError: when the bundle is damaged or has no such file, or the images are not as
            described.
    """
    bundle = Bundle.open(bundle)
    if precision not in bundle.files:
        raise ValueError(
            f"`precision` must be that of a file of the bundle, one of {sorted(bundle.files)}. "
            f"Received: precision={precision!r}. Export the bundle with that precision."
        )
    runner, size = Runner(bundle.files[precision]), bundle.preprocessing.image_size
    batches = (batch for batch, _ in pixels.batches(images, size, "images"))
    return np.stack([runner(pixels.to_rgb(image)) for batch in batches for image in batch])
