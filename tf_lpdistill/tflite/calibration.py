"""What int8 quantization needs to see of real images, and what must be refused before it."""

import numpy as np
import tensorflow as tf

from tf_lpdistill.tflite import pixels
from tf_lpdistill.tflite.runtime import open_all_tensors
from tf_lpdistill.types import Structure

MAX_IMAGES = 200


def representative_images(data: Structure, image_size: tuple[int, int]) -> np.ndarray:
    """Returns up to 200 images that stand for what the phone will see.

    Args:
        data: as for `pixels.batches`. Of an array, 200 images evenly spread over it are taken (it
            may be sorted by class); of a dataset the first 200, so shuffle it.
        image_size: (height, width) in pixels.

    Returns:
        (n, height, width, 3) uint8, grey images repeated to RGB.

    Raises:
        TypeError: when `data` is neither a dataset nor arrays.
        ValueError: when it is empty, or does not hold raw pixels 0..255.
    """
    if not isinstance(data, tf.data.Dataset):
        data = _spread(data)
    parts, count = [], 0
    for images, _ in pixels.batches(data, image_size, "representative_data"):
        parts.append(pixels.to_rgb(images))
        count += len(images)
        if count >= MAX_IMAGES:
            break
    if not count:
        raise ValueError(
            "`representative_data` must hold at least one image, better 100 to 200. "
            "Received: no images"
        )
    return np.concatenate(parts)[:MAX_IMAGES]


def _spread(data):
    images = data[0] if isinstance(data, tuple) and data else data
    if not hasattr(images, "shape") or len(images.shape) == 0:
        return images
    return np.asarray(images)[spread(len(images))]


def spread(count: int) -> np.ndarray:
    """Returns up to 200 of the rows 0..count - 1, evenly spread, as an array of integers."""
    return np.linspace(0, count - 1, min(count, MAX_IMAGES)).round().astype(int)


def calibration_inputs(images: np.ndarray, batch_size: int = 1) -> np.ndarray:
    """Returns the images as float32 batches, the first image with a black and a white pixel.

    Callers hand raw bytes to a uint8 input without looking at its scale (MediaPipe does), so the
    scale must be exactly 1 and the zero point 0. The converter takes them from the range it sees:
    two corner pixels make it 0..255 whatever the images hold.

    Args:
        images: (n, height, width, 3) uint8.
        batch_size: images in a batch; the first ones come again to fill the last batch.

    Returns:
        (batches, batch_size, height, width, 3) float32.
    """
    inputs = images.astype(np.float32)
    inputs[0, 0, 0] = 0.0
    inputs[0, -1, -1] = 255.0
    rows = np.arange(-(-len(inputs) // batch_size) * batch_size) % len(inputs)
    return inputs[rows].reshape(-1, batch_size, *inputs.shape[1:])


def check_finite_activations(model: bytes, inputs: np.ndarray) -> None:
    """Refuses a network with infinite or NaN activations, which kill the quantizer's process.

    Args:
        model: the float32 `.tflite`, bytes.
        inputs: (batches, batch_size, height, width, 3) float32.

    Raises:
        ValueError: naming the tensor.
    """
    runner, details = open_all_tensors(model)
    tensors = [tensor for tensor in details if tensor["dtype"] == np.float32]
    for batch in inputs:
        runner.set_tensor(runner.get_input_details()[0]["index"], batch)
        runner.invoke()
        for tensor in tensors:
            if not np.all(np.isfinite(runner.get_tensor(tensor["index"]))):
                raise ValueError(
                    "The student's activations overflow on `representative_data`, so it cannot be "
                    f"quantized to int8. Received: infinite or NaN values in {tensor['name']!r}. "
                    "Check the `preprocessing` (wrong scaling?) or leave out 'int8'."
                )
