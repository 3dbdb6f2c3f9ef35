"""Layers of tf_keras that it lacks, or has with another meaning than Keras 3."""

import functools
import types

import tensorflow as tf

from tf_lpdistill.compression._tfmot.packages import load


@functools.cache
def own_layers():
    """Returns the layers by name, made at the first call: their base class is imported late.

    Returns:
        Namespace of classes: `Affine(scale, offset)`, `HardSwish()`, and
        `Dropout(rate, seed, noise_shape)`.
    """
    tf_keras, _ = load()

    class Affine(tf_keras.layers.Layer):
        """`scale * x + offset`, with numbers that are not trained."""

        def __init__(self, scale=1.0, offset=0.0, **kwargs):
            super().__init__(**kwargs)
            self.scale, self.offset = scale, offset

        def call(self, inputs):
            scaled = inputs if self.scale == 1.0 else inputs * self.scale
            return scaled if self.offset == 0.0 else scaled + self.offset

        def get_config(self):
            return {**super().get_config(), "scale": self.scale, "offset": self.offset}

    class HardSwish(tf_keras.layers.Layer):
        """`x * relu6(x + 3) / 6`, in the form that the converter makes one HARD_SWISH of."""

        def call(self, inputs):
            return inputs * tf.nn.relu6(inputs + 3.0) * (1.0 / 6.0)

    class Dropout(tf_keras.layers.Layer):
        """Dropout whose draws depend on a counter, which is saved: a killed run repeats none."""

        def __init__(self, rate, seed, noise_shape=None, **kwargs):
            super().__init__(**kwargs)
            self.rate, self.seed, self.noise_shape = rate, seed, noise_shape

        def build(self, input_shape):
            self.draws = self.add_weight(
                "draws", shape=(), dtype="int64", initializer="zeros", trainable=False
            )
            super().build(input_shape)

        def call(self, inputs, training=None):
            if not training:
                return inputs
            seed = tf.stack([tf.constant(self.seed, tf.int64), self.draws.assign_add(1)])
            shape = tf.shape(inputs)
            if self.noise_shape is not None:
                sides = enumerate(self.noise_shape)
                shape = tf.stack([shape[i] if side is None else side for i, side in sides])
            return tf.nn.experimental.stateless_dropout(inputs, self.rate, seed, noise_shape=shape)

        def get_config(self):
            own = {"rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}
            return {**super().get_config(), **own}

    return types.SimpleNamespace(Affine=Affine, HardSwish=HardSwish, Dropout=Dropout)


def scope():
    """Returns the scope in which models with these layers can be cloned, quantized ones too."""
    _, tfmot = load()
    return tfmot.quantization.keras.quantize_scope(vars(own_layers()))
