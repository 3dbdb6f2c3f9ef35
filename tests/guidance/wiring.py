"""How the tests of the guidance wire a distiller on the digits."""

import keras

from tf_lpdistill import Distiller, Preprocessing, data
from tf_lpdistill.losses import LocalityPreserving, SoftTarget

CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def batches(split, scaling="0..1", batch_size=100, **settings):
    pixels = Preprocessing((8, 8), color="grayscale", scaling=scaling)
    return data.training_batches(split, pixels, batch_size, seed=0, **settings)


def lp(teacher_layer="features", student_layer="features", **settings):
    return LocalityPreserving(teacher_layer, student_layer, **{"num_neighbors": 5} | settings)


def wire(teacher, student, losses=None, loss=CROSS_ENTROPY, **settings):
    """A compiled distiller, with KD and LP unless other losses are given."""
    losses = [SoftTarget(), lp()] if losses is None else losses
    distiller = Distiller(teacher, student, losses, **settings)
    distiller.compile("adam", loss=loss)
    return distiller


def ending(model, *layers):
    """The model with further layers behind its output."""
    return keras.Sequential([keras.Input(model.input_shape[1:]), model, *layers])
