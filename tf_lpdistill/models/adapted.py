"""A teacher behind another input: the student's pixels, resized and rescaled to its own."""

from typing import Any

import keras
import numpy as np
from keras import layers

from tf_lpdistill.ops import resize_bilinear
from tf_lpdistill.preprocessing import Preprocessing, of_model
from tf_lpdistill.types import Shape, Tensor


def adapted(teacher: keras.Model, pixels: Preprocessing, scaling: str) -> keras.Model:
    """Wraps a teacher so that it takes the student's input.

    Args:
        teacher: a `keras.Model` with one colour image input of a known size.
        pixels: the `Preprocessing` of the student.
        scaling: the range that the teacher was trained on: "0..255", "0..1" or "-1..1".

    Returns:
        The teacher itself where its input is the student's; else a `keras.Model` from the
        student's input to the teacher's output. Its layers are those of the teacher, below the
        teacher's name: "teacher/features".

    Raises:
        ValueError: for a teacher that takes no colour images of a known size.
    """
    own = of_model(teacher, scaling=scaling)
    if own == pixels:
        return teacher
    if own.color != pixels.color:
        raise ValueError(
            f"The teacher must take {pixels.color!r} images, as the student does. Received: "
            f"{teacher.name!r} with inputs of shape {own.input_shape}"
        )
    mean, std = map(np.array, pixels.offset_and_scale)
    own_mean, own_std = own.offset_and_scale
    scale, offset = std / own_std, (mean - own_mean) / own_std
    inputs = keras.Input(pixels.input_shape, name="pixels")
    x = ResizeBilinear(own.image_size, name="own_size")(inputs)
    x = layers.Rescaling(scale.tolist(), offset.tolist(), name="own_scaling")(x)
    return keras.Model(inputs, teacher(x), name="adapted_teacher")


@keras.saving.register_keras_serializable("tf_lpdistill")
class ResizeBilinear(layers.Layer):
    """Bilinear, antialiased resizing that XLA compiles.

    Args:
        size: (height, width) of the result.
    """

    def __init__(self, size: tuple[int, int], **kwargs: Any):
        super().__init__(**kwargs)
        self.size = tuple(size)

    def call(self, inputs: Tensor) -> Tensor:
        """Resizes images (batch, height, width, channels)."""
        return resize_bilinear(inputs, self.size)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, *size, channels)."""
        return (input_shape[0], *self.size, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return super().get_config() | {"size": self.size}
