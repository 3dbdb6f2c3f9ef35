"""What TensorBoard reads, written without the package tensorboard.

`tf.summary.scalar` and its like ask for that package; `tf.summary.write` does not, and takes the
tensors and the names of the plugins that TensorBoard's own functions write:
https://github.com/tensorflow/tensorboard/tree/master/tensorboard/plugins, `summary_v2.py` of each.
"""

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

_BINS = 30
_SCALAR, _TENSOR, _BLOBS = 1, 2, 3  # tensorflow/core/framework/summary.proto, enum DataClass


def scalar(tag: str, value: float, step: int) -> None:
    """Writes a number to the default summary writer.

    Args:
        tag: its name; a "/" makes a group.
        value: a number.
        step: integer.
    """
    tf.summary.write(tag, np.float32(value), step, _metadata("scalars", _SCALAR))


def histogram(tag: str, values: ArrayLike, step: int) -> None:
    """Writes a histogram of 30 bins; values that are not finite are left out.

    Args:
        tag: its name.
        values: array of numbers.
        step: integer.
    """
    values = np.asarray(values, np.float64).ravel()
    values = values[np.isfinite(values)]
    if not values.size:
        return
    counts, edges = np.histogram(values, _BINS)
    rows = np.stack([edges[:-1], edges[1:], counts], axis=1)
    tf.summary.write(tag, rows, step, _metadata("histograms", _TENSOR))


def image(tag: str, pixels: np.ndarray, step: int) -> None:
    """Writes an image.

    Args:
        tag: its name.
        pixels: uint8 (height, width, 1 or 3).
        step: integer.
    """
    size = [str(pixels.shape[1]).encode(), str(pixels.shape[0]).encode()]
    encoded = tf.convert_to_tensor([*size, tf.io.encode_png(pixels).numpy()])
    tf.summary.write(tag, encoded, step, _metadata("images", _BLOBS))


def _metadata(plugin, data_class):
    metadata = tf.compat.v1.SummaryMetadata(data_class=data_class)
    metadata.plugin_data.plugin_name = plugin
    return metadata
