"""Keras must run on TensorFlow: `tf.distribute`, `tf.data` and TFLite are what this is built on."""

import os


def require_tensorflow() -> None:
    """Refuses another backend of Keras, before Keras tries to load it.

    Raises:
        ImportError: when Keras runs, or is told to run, on another backend than TensorFlow.
    """
    _check(os.environ.get("KERAS_BACKEND") or "tensorflow")
    import keras

    _check(keras.config.backend())


def _check(name):
    if name != "tensorflow":
        raise ImportError(
            "tf_lpdistill needs the TensorFlow backend of Keras. Received: backend "
            f"{name!r}. Set the environment variable KERAS_BACKEND=tensorflow (or "
            '"backend": "tensorflow" in ~/.keras/keras.json) before Python starts.'
        )


require_tensorflow()
