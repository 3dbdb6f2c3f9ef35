"""A look that leaves no trace: what changed in a model meanwhile is put back."""

import contextlib
import random
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf


@contextlib.contextmanager
def unchanged(*models: keras.Model) -> Iterator[None]:
    """Puts back every variable that a forward pass may move, and Python's and numpy's random state.

    Moving statistics, seeds of dropout and memories of losses are such variables; trainable weights
    are moved by an optimizer alone. Replicas keep their own values.

    Args:
        *models: `keras.Model`s, built; or None, for nothing.
    """
    models = [model for model in models if model is not None]
    variables = {id(v): v for model in models for v in model.variables if not v.trainable}
    parts = [part for variable in variables.values() for part in _parts(variable.value)]
    before = [part.numpy() for part in parts]
    states = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        for part, value in zip(parts, before, strict=True):
            part.assign(value)
        random.setstate(states[0])
        np.random.set_state(states[1])


def _parts(value):
    """The variables behind one: as many as there are replicas."""
    return value.values if isinstance(value, tf.distribute.DistributedValues) else (value,)
