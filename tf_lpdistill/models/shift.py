"""A layer that shifts channels in different directions, without any weights."""

from typing import Any

import keras
import numpy as np
from keras import ops

from tf_lpdistill.types import Shape, Tensor


@keras.saving.register_keras_serializable("tf_lpdistill")
class Shift(keras.layers.Layer):
    """Moves each channel by one of `size ** 2` steps; zeros come in at the border.

    The channels are cut into `size ** 2` equal groups, one a step; the channels left over stay
    where they are. Computed as a depthwise convolution with kernels of one 1 each, which
    TensorFlow Lite has built in, and which int8 represents exactly.

    Args:
        size: side of the square of steps, odd and positive: 3 shifts by -1, 0, 1 in each
            direction. Defaults to 3.

    Raises:
        ValueError: when `size` is not odd and positive.

    Reference: Wu et al. 2018, https://arxiv.org/abs/1711.08141, section 3.
    """

    def __init__(self, size: int = 3, **kwargs: Any):
        super().__init__(**kwargs)
        if size < 1 or size % 2 == 0:
            raise ValueError(f"`size` must be odd and positive. Received: size={size}")
        self.size = size

    def call(self, inputs: Tensor) -> Tensor:
        """Shifts (batch, height, width, channels)."""
        kernel = ops.cast(shift_kernel(self.size, inputs.shape[-1]), inputs.dtype)
        return ops.depthwise_conv(inputs, kernel, padding="same", data_format="channels_last")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return super().get_config() | {"size": self.size}


def shift_kernel(size: int, channels: int) -> np.ndarray:
    """Returns the depthwise kernel, float32 (size, size, channels, 1), one 1 a channel.

    The 1 at row r and column c brings the pixel from `r - size // 2` further down and
    `c - size // 2` further right.
    """
    group = channels // size**2
    centre = size**2 // 2
    steps = np.full(channels, centre)
    steps[: group * size**2] = np.repeat(np.arange(size**2), group)
    return np.eye(size**2, dtype="float32")[:, steps].reshape(size, size, channels, 1)
