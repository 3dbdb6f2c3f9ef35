"""Names for the types that many signatures share; what shapes and dtypes are, docstrings say."""

import os
from typing import Any, TypeAlias

import keras
import tensorflow as tf

Tensor: TypeAlias = tf.Tensor | keras.KerasTensor
"""With values or symbolic; where an argument is one, a numpy array does as well."""

Structure: TypeAlias = Any
"""A tensor, or dicts, tuples and lists of tensors to any depth, as `keras.tree` takes them."""

Shape: TypeAlias = tuple[int | None, ...]
"""None for a side that is not known, such as the batch."""

LayerNames: TypeAlias = str | tuple[str, ...] | None
"""A feature of a model, None for its output; several where a loss compares several."""

Weight: TypeAlias = float | keras.optimizers.schedules.LearningRateSchedule
"""The weight of a loss: constant, or over optimizer steps."""

PathLike: TypeAlias = str | os.PathLike[str]
"""A file or a folder."""
