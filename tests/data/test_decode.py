import struct

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.data.decode import decode_image, decode_jpeg
from tf_lpdistill.data.exif import orientation, upright

RGB = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)


def _bmp(image):
    """A 24-bit Windows bitmap: rows from the bottom, blue first, padded to four bytes."""
    height, width, _ = image.shape
    rows = [row[:, ::-1].tobytes() + b"\0" * (-3 * width % 4) for row in image[::-1]]
    pixels = b"".join(rows)
    header = struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(pixels), 0, 0, 0, 0)
    return header + info + pixels


def _with_orientation(jpeg, value, order="<"):
    mark = {"<": b"II", ">": b"MM"}[order]
    tiff = mark + struct.pack(order + "HI", 42, 8)
    tiff += struct.pack(order + "H", 2)
    tiff += struct.pack(order + "HHIHH", 0x010F, 3, 1, 9, 0)
    tiff += struct.pack(order + "HHIHH", 0x0112, 3, 1, value, 0) + b"\0" * 4
    exif = b"Exif\0\0" + tiff
    comment = b"\xff\xfe" + struct.pack(">H", 5) + b"abc"
    return jpeg[:2] + comment + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def test_lossless_formats_come_back():
    np.testing.assert_array_equal(decode_image(tf.io.encode_png(RGB).numpy()), RGB)
    np.testing.assert_array_equal(decode_image(_bmp(RGB)), RGB)


def test_channels_become_rgb():
    grey = RGB[..., :1]
    expected = np.repeat(grey, 3, axis=-1)
    np.testing.assert_array_equal(decode_image(tf.io.encode_png(grey).numpy()), expected)
    alpha = np.concatenate([RGB, grey], axis=-1)
    np.testing.assert_array_equal(decode_image(tf.io.encode_png(alpha).numpy()), RGB)
    jpeg = decode_image(tf.io.encode_jpeg(grey, quality=100).numpy())
    assert np.abs(jpeg.astype(int) - expected).max() <= 3


def test_first_frame_of_a_gif():
    # Two frames of one pixel each, 2-colour palette: index 1 (white), then index 0 (red).
    frame = b"\x2c\0\0\0\0\1\0\1\0\0\2\2%b\1\0"
    gif = b"GIF89a\1\0\1\0\x80\0\0\xff\0\0\xff\xff\xff" + frame % b"L" + frame % b"D" + b";"
    np.testing.assert_array_equal(decode_image(gif), [[[255, 255, 255]]])
    comment, own_colours = b"!\xfe\3abc\0", b"\xff\xff\xff\0\xff\0"
    local = b"\x2c\0\0\0\0\1\0\1\0\x80" + own_colours + b"\2\2L\1\0"
    coloured = gif[:19] + comment + local + frame % b"D" + b";"
    np.testing.assert_array_equal(decode_image(coloured), [[[0, 255, 0]]])
    aside = local.replace(b"\x2c\0\0\0\0", b"\x2c\1\0\1\0")  # its picture would be 2x2
    np.testing.assert_array_equal(
        decode_image(gif[:19] + aside + frame % b"D" + b";"), [[[0, 255, 0]]]
    )
    for end in (12, 17, len(gif[:19] + comment) + 7, len(gif[:19] + comment + local) - 1):
        with pytest.raises(ValueError, match="no readable GIF: it"):
            decode_image(coloured[:end])


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_noted_orientation_is_applied(order):
    image = np.kron(np.arange(6, dtype=np.uint8).reshape(2, 3) * 40, np.ones((8, 8), np.uint8))
    jpeg = tf.io.encode_jpeg(image[..., None], quality=100).numpy()
    # How each value of the tag is to be shown (Exif 2.3, section 4.6.4).
    shown = {
        1: image,
        2: image[:, ::-1],
        3: image[::-1, ::-1],
        4: image[::-1],
        5: image.T,
        6: np.rot90(image, -1),
        7: image[::-1, ::-1].T,
        8: np.rot90(image),
    }
    for value, expected in shown.items():
        decoded = decode_image(_with_orientation(jpeg, value, order))
        assert np.abs(decoded[..., 0].astype(int) - expected).max() <= 3, value
        np.testing.assert_array_equal(upright(image[..., None], value)[..., 0], expected)


def test_nonsense_in_the_orientation_is_upright():
    jpeg = tf.io.encode_jpeg(RGB).numpy()
    assert orientation(jpeg) == 1
    assert orientation(_with_orientation(jpeg, 9)) == 1
    assert orientation(_with_orientation(jpeg, 6)[:40]) == 1
    assert orientation(_with_orientation(jpeg, 6).replace(b"II*", b"XX*")) == 1
    assert orientation(b"\xff\xd8\xff") == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"BM" + b"\0" * 60,
        tf.io.encode_jpeg(RGB).numpy()[:-100],
        tf.io.encode_png(RGB).numpy()[:40],
    ],
)
def test_damaged_files_are_refused(data):
    with pytest.raises(ValueError, match="no readable JPEG"):
        decode_image(data)


def test_jpeg_only():
    with pytest.raises(ValueError, match="no readable JPEG stream"):
        decode_jpeg(b"GIF89a")
