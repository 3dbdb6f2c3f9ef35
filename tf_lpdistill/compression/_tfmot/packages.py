"""Imports tf_keras and tensorflow-model-optimization, and puts back what that changes."""

import functools
import importlib
import os
import warnings

import tensorflow as tf

_VARIABLE = "TF_USE_LEGACY_KERAS"


@functools.cache
def load():
    """Returns the packages, imported at the first call.

    Importing tensorflow-model-optimization sets TF_USE_LEGACY_KERAS, and TensorFlow's own name for
    Keras would be tf_keras from then on, in the whole process. Both are as before on return.

    Returns:
        `(tf_keras, tensorflow_model_optimization)`.

    Raises:
        ImportError: when they are not installed, with the command that installs them.
    """
    variable = os.environ.get(_VARIABLE)
    vars(tf)["keras"].Model  # noqa: B018  (TensorFlow decides at the first use which Keras it is)
    try:
        with warnings.catch_warnings():  # it looks at versions in a way that Python has given up
            warnings.simplefilter("ignore", DeprecationWarning)
            import tensorflow_model_optimization as tfmot
            import tf_keras
    except ImportError as error:
        raise ImportError(
            "Pruning, clustering and quantization-aware training need tf_keras and "
            'tensorflow-model-optimization: pip install "tf_lpdistill[compression]".'
        ) from error
    finally:
        if variable is None:
            os.environ.pop(_VARIABLE, None)
        else:
            os.environ[_VARIABLE] = variable
    return tf_keras, tfmot


def internal(name):
    """Returns a module of quantization in tfmot that it uses itself and does not export.

    Args:
        name: dotted path below `quantization.keras`.
    """
    load()
    package = "tensorflow_model_optimization.python.core.quantization.keras"
    return importlib.import_module(f"{package}.{name}")
