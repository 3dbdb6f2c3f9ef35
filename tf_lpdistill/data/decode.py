"""Image files to pixels: JPEG, PNG, BMP and the first frame of a GIF."""

import struct

import numpy as np
import tensorflow as tf

from tf_lpdistill.data.exif import orientation, upright
from tf_lpdistill.data.gif import first_frame

MAX_PIXELS = 100_000_000  # 300 MB decoded; a few bytes of a file may claim any size


def decode_jpeg(data: bytes) -> np.ndarray:
    """Decodes a JPEG stream to RGB as it is stored, with the accurate integer transform.

    Args:
        data: bytes.

    Returns:
        uint8 (height, width, 3); bit-equal to libjpeg's default, and so to most other readers.

    Raises:
        ValueError: when `data` is damaged, is not a JPEG stream, or claims more than `MAX_PIXELS`.
    """
    try:
        _check_pixels(*tf.io.extract_jpeg_shape(data)[:2].numpy().tolist())
        return tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE").numpy()
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(f"no readable JPEG stream: {_first_line(error)}") from error


def decode_image(data: bytes) -> np.ndarray:
    """Decodes an image file to RGB, the right way up.

    Grey is repeated over the channels, transparency is dropped, 16 bits become 8, and the
    orientation that a camera notes in a JPEG file is applied: TensorFlow itself ignores it.

    Args:
        data: bytes of a JPEG, PNG, BMP or GIF file.

    Returns:
        uint8 (height, width, 3).

    Raises:
        ValueError: when `data` is damaged, is none of these, or claims more than `MAX_PIXELS`.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return upright(decode_jpeg(data), orientation(data))
    size, data = first_frame(data) if data.startswith(b"GIF8") else (_claimed_size(data), data)
    _check_pixels(*size)
    # The decoder of BMP converts no channels: it takes what the file has.
    channels = 0 if data.startswith(b"BM") else 3
    try:
        image = tf.io.decode_image(data, channels, expand_animations=False).numpy()
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(
            f"no readable JPEG, PNG, BMP or GIF image: {_first_line(error)}"
        ) from error
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image[..., :3]


def _claimed_size(data):
    """(height, width) as the head of a PNG or BMP file says; 0, 0 where there is none."""
    heads = {b"\x89PNG": (">II", 16), b"BM": ("<ii", 18)}
    for magic, (fields, offset) in heads.items():
        if data.startswith(magic) and len(data) >= offset + struct.calcsize(fields):
            width, height = struct.unpack_from(fields, data, offset)
            return abs(height), abs(width)
    return 0, 0


def _check_pixels(height, width):
    if height * width > MAX_PIXELS:
        raise ValueError(
            f"the image claims {height} x {width} pixels, and at most {MAX_PIXELS:,} are decoded. "
            "Shrink it, if it is one."
        )


def _first_line(error):
    return error.message.splitlines()[0]
