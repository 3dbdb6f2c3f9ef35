"""The trained layer between a student's map and a teacher's that several methods share."""

import keras
from keras import ops

from tf_lpdistill.ops import batch_normalize
from tf_lpdistill.types import Shape, Tensor


class Connector(keras.layers.Layer):
    """A convolution without bias, then batch normalisation with a trained scale and offset.

    The moments are those of the batch of all replicas, without the samples of weight 0, so that
    neither the number of replicas nor a sample that is left out changes anything. There are no
    moving averages: a loss is only ever computed in training.

    Args:
        filters: number of channels that come out.
        kernel_size: height and width of the convolution; the map keeps its size.
    """

    def __init__(self, filters: int, kernel_size: int = 1):
        super().__init__(dtype="float32")
        self.filters = filters
        self.convolution = keras.layers.Conv2D(
            filters, kernel_size, padding="same", use_bias=False, dtype="float32"
        )

    def build(self, input_shape: Shape) -> None:
        """Makes the weights for maps of (batch, height, width, channels)."""
        self.convolution.build(input_shape)
        self.scale = self.add_weight(shape=(self.filters,), initializer="ones", name="scale")
        self.offset = self.add_weight(shape=(self.filters,), initializer="zeros", name="offset")
        self.built = True

    def call(self, maps: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        """Returns (batch, height, width, filters) float32."""
        valid = None
        if sample_weight is not None:
            valid = ops.reshape(ops.cast(sample_weight, "float32") > 0.0, (-1,))
        return self.scale * batch_normalize(self.convolution(maps), valid) + self.offset
