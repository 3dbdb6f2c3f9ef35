"""Images of a probe as TensorBoard wants them: sprites, and grids of neighbours."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from tf_lpdistill.metrics import neighbor_indices

_LARGEST_SPRITE = 8192  # pixels a side that browsers take
_GAP = 1  # pixels between the images of a grid


def to_pixels(inputs: ArrayLike) -> np.ndarray | None:
    """Turns the inputs of a network into pixels: the least value black, the greatest white.

    Args:
        inputs: (n, height, width, channels) numbers; of other than 1 or 3 channels the first is
            taken. Anything else has no pixels.

    Returns:
        uint8 (n, height, width, 1 or 3), or None.
    """
    if not hasattr(inputs, "shape") or len(inputs.shape) != 4:
        return None
    values = np.asarray(inputs, np.float32)
    values = values if values.shape[-1] in (1, 3) else values[..., :1]
    low, high = values.min(), values.max()
    return np.round((values - low) * (255.0 / max(high - low, 1e-12))).astype(np.uint8)


def sprite(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lays images out in a square, row by row, as the projector reads them.

    Args:
        pixels: uint8 (n, height, width, channels).

    Returns:
        `(image, pixels)`: uint8 (rows * height, columns * width, channels), black where there are
        no more, and the images as they are in it: every second, third ... pixel where they were too
        large for a browser.
    """
    side = int(np.ceil(np.sqrt(len(pixels))))
    step = -(-side * max(pixels.shape[1:3]) // _LARGEST_SPRITE)
    pixels = pixels[:, ::step, ::step]
    missing = np.zeros((side * side - len(pixels), *pixels.shape[1:]), np.uint8)
    return _tile(np.concatenate([pixels, missing]), side), pixels


def neighbor_grid(
    pixels: np.ndarray, features: np.ndarray, queries: Sequence[int], k: int
) -> np.ndarray:
    """Draws a row a query: the image, and its nearest neighbours in a feature space.

    Args:
        pixels: uint8 (n, height, width, channels).
        features: (n, ...) float.
        queries: rows of the queries.
        k: neighbours of each.

    Returns:
        uint8 (rows * (height + 1), (k + 1) * (width + 1), channels).
    """
    found = neighbor_indices(features, k)[queries]
    order = np.concatenate([np.asarray(queries)[:, None], found], axis=1)
    framed = np.pad(pixels[order.ravel()], ((0, 0), (0, _GAP), (0, _GAP), (0, 0)))
    return _tile(framed, k + 1)


def _tile(pixels, columns):
    rows = len(pixels) // columns
    height, width, channels = pixels.shape[1:]
    grid = pixels.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return grid.reshape(rows * height, columns * width, channels)
