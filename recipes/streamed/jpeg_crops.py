"""Crops of JPEG files for training and evaluation: decoded only where they are cut.

The place is drawn from the size that the header of the file tells.
"""

import tensorflow as tf

CROP = 224 / 256  # of the shorter side, for evaluation
AREA, ASPECT = (0.08, 1.0), (3 / 4, 4 / 3)  # of a training crop: Szegedy et al. 2015, section 6


def random_crop(encoded, size, seed):
    """Cuts a random part out of a JPEG, 8 to 100 % of its area, and mirrors it or not.

    Args:
        encoded: string tensor, the file.
        size: pixels a side of the result.
        seed: two integers, of which the crop is a pure function.

    Returns:
        uint8 (size, size, 3).
    """
    begin, extent, _ = tf.image.stateless_sample_distorted_bounding_box(
        tf.io.extract_jpeg_shape(encoded), [[[0.0, 0.0, 1.0, 1.0]]], seed,
        min_object_covered=0.0, aspect_ratio_range=ASPECT, area_range=AREA,
    )  # fmt: skip
    image = _decode(encoded, begin[:2], extent[:2], size)
    return tf.image.stateless_random_flip_left_right(image, (seed[1], seed[0]))


def center_crop(encoded, size):
    """Cuts the centre out of a JPEG: at 224, the centre of one with 256 pixels on the shorter side.

    Args:
        encoded: string tensor, the file.
        size: pixels a side of the result.

    Returns:
        uint8 (size, size, 3).
    """
    shape = tf.io.extract_jpeg_shape(encoded)[:2]
    side = tf.round(CROP * tf.cast(tf.reduce_min(shape), tf.float32))
    side = tf.cast(tf.maximum(side, 1.0), tf.int32)
    return _decode(encoded, (shape - side) // 2, [side, side], size)


def _decode(encoded, begin, extent, size):
    window = tf.concat([begin, extent], axis=0)
    image = tf.image.decode_and_crop_jpeg(
        encoded, window, channels=3, dct_method="INTEGER_ACCURATE"
    )
    image = tf.image.resize(image, (size, size), antialias=True)
    return tf.cast(tf.clip_by_value(tf.round(image), 0.0, 255.0), tf.uint8)
