"""The orientation that cameras write into JPEG files (Exif 2.3, tag 0x0112)."""

import struct

import numpy as np

_TAG = 0x0112
_APP1, _START_OF_SCAN = 0xE1, 0xDA


def orientation(data: bytes) -> int:
    """Reads the Exif orientation of a JPEG stream.

    Args:
        data: bytes of a JPEG file.

    Returns:
        Integer 1..8; 1, upright, also where the file says nothing or nonsense.
    """
    position = 2
    while data[position : position + 1] == b"\xff" and position + 4 <= len(data):
        marker, length = struct.unpack_from(">BH", data, position + 1)
        if marker == _START_OF_SCAN:
            break
        if marker == _APP1 and data[position + 4 : position + 10] == b"Exif\0\0":
            return _from_tiff(data[position + 10 : position + 2 + length])
        position += 2 + length
    return 1


def _from_tiff(data):
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(order + "HHIH", data, entry)
            if tag == _TAG:
                return value if 1 <= value <= 8 else 1
    except struct.error:  # the tags end too early
        return 1
    return 1


def upright(image: np.ndarray, value: int) -> np.ndarray:
    """Turns an image the right way up.

    Args:
        image: (height, width, channels) as stored.
        value: the Exif orientation, 1..8.

    Returns:
        The image as a viewer shows it; height and width are swapped for 5..8.
    """
    if value >= 5:
        image = image.transpose(1, 0, 2)
    # What is left to mirror (rows, columns) once 5..8 are transposed.
    rows, columns = {
        2: (False, True),
        3: (True, True),
        4: (True, False),
        6: (False, True),
        7: (True, True),
        8: (True, False),
    }.get(value, (False, False))
    image = image[::-1] if rows else image
    return np.ascontiguousarray(image[:, ::-1] if columns else image)
