"""The methods of the standard pairs: the common ones, but the hint, which is RepDistiller's."""

import keras

from comparing.method import Method, MethodTerm
from methods import METHODS as COMMON


@keras.saving.register_keras_serializable(package="recipes")
class NormalizedRegressor(keras.layers.Layer):
    """A 1x1 convolution, BatchNorm with the statistics of the batch, ReLU.

    Without the normalisation the hint diverged at a learning rate of 0.05.

    Args:
        channels: the teacher's.
    """

    def __init__(self, channels, **kwargs):
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.channels = channels
        self._conv = keras.layers.Conv2D(channels, 1, use_bias=False, dtype="float32")
        self._norm = keras.layers.BatchNormalization(dtype="float32")

    def build(self, input_shape):
        """Makes the weights."""
        self._conv.build(input_shape)
        self._norm.build(self._conv.compute_output_shape(input_shape))
        super().build(input_shape)

    def call(self, inputs):
        """From the student's map to one with the teacher's channels."""
        return keras.ops.relu(self._norm(self._conv(inputs), training=True))

    def compute_output_shape(self, input_shape):
        """(batch, height, width, channels)."""
        return (*input_shape[:-1], self.channels)

    def get_config(self):
        """The arguments."""
        return super().get_config() | {"channels": self.channels}


def _regressor(job):
    layers = job.layers
    return {"regressor": NormalizedRegressor(layers.teacher.shapes[layers.pair("middle")[0]][-1])}


# One stage, 100 times the mean squared difference, of which the loss is the half.
METHODS = COMMON | {"hint": Method("Hint", (MethodTerm("hint", 200.0, "middle", _regressor),))}
