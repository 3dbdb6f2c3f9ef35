"""Small images as PNG data URIs, written by hand so that no image library is needed."""

import base64
import struct
import zlib

import numpy as np

_COLOR_TYPE = {1: 0, 3: 2}  # channels: PNG colour type (greyscale, RGB), PNG specification 11.2.2
_LONGEST_SIDE = 96  # pixels; a thumbnail of a photograph needs no more


def data_uri(image: np.ndarray) -> str:
    """Returns an image as a `data:image/png` URI.

    Images with a side above 96 pixels are reduced by a whole factor, so that a page of
    photographs stays light.

    Args:
        image: uint8 array of shape (height, width, 1) or (height, width, 3).

    Returns:
        The URI, a `str`.
    """
    return "data:image/png;base64," + base64.b64encode(encode(reduce(image))).decode("ascii")


def encode(image: np.ndarray) -> bytes:
    """Returns the bytes of a PNG file of `image`, uint8 (height, width, 1 or 3)."""
    height, width, channels = image.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # first byte of a row: filter "none"
    rows[:, 1:] = image.reshape(height, -1)
    header = struct.pack(">2I5B", width, height, 8, _COLOR_TYPE[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(rows.tobytes(), 9)),
            (b"IEND", b""),
        )
    )


def reduce(image: np.ndarray, longest_side: int = _LONGEST_SIDE) -> np.ndarray:
    """Returns `image` averaged over blocks so that no side is longer than `longest_side`."""
    height, width, channels = image.shape
    factor = -(-max(height, width) // longest_side)
    if factor <= 1:
        return image
    # A side shorter than the factor is one block; a remainder at the far edges is cut off.
    tall, wide = min(factor, height), min(factor, width)
    rows, columns = height // tall, width // wide
    blocks = image[: rows * tall, : columns * wide].reshape(rows, tall, columns, wide, channels)
    return np.round(blocks.mean(axis=(1, 3))).astype(np.uint8)


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
