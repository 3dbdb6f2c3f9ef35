"""Small networks and batches that several tests of the Distiller share."""

import keras
import numpy as np
from keras import layers

from tf_lpdistill.losses import LocalityPreserving

CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def network(width=4, dropout=0.0, norm=False, name=None, classes=3, **dense):
    """From 6 numbers to `classes` logits by way of the layer "hidden"."""
    inputs = keras.Input((6,))
    x = layers.Dense(width, activation="relu", name="hidden", **dense)(inputs)
    x = layers.BatchNormalization(name="norm")(x) if norm else x
    x = layers.Dropout(dropout, seed=1, name="drop")(x) if dropout else x
    return keras.Model(inputs, layers.Dense(classes, name="logits")(x), name=name)


def batch(samples=16, seed=0):
    """(samples, 6) normal numbers, and classes 0 to 2."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(samples, 6)).astype("float32"), rng.integers(0, 3, samples)


def lp(**settings):
    """LP between the hidden layers."""
    return LocalityPreserving("hidden", "hidden", **{"num_neighbors": 2} | settings)


def compiled(distiller, optimizer=None, **settings):
    """Compiles with SGD and the cross-entropy, and returns the distiller."""
    distiller.compile(optimizer or keras.optimizers.SGD(0.1), loss=CROSS_ENTROPY, **settings)
    return distiller
