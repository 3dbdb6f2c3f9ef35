"""Names for the types that many signatures share; what shapes and dtypes are, docstrings say."""

import os
from typing import Any, TypeAlias

import keras
import tensorflow as tf

# With values or symbolic; where an argument is one, a numpy array does as well.
Tensor: TypeAlias = tf.Tensor | keras.KerasTensor
# A tensor, or dicts, tuples and lists of them to any depth, as `keras.tree` takes them.
Structure: TypeAlias = Any
# None for a side that is not known, such as the batch.
Shape: TypeAlias = tuple[int | None, ...]
# The feature of a model, None for its output; several where a loss compares several.
LayerNames: TypeAlias = str | tuple[str, ...] | None
# The weight of a loss: constant, or over optimizer steps.
Weight: TypeAlias = float | keras.optimizers.schedules.LearningRateSchedule
PathLike: TypeAlias = str | os.PathLike[str]
