"""Keras must run on TensorFlow: `tf.distribute`, `tf.data` and TFLite are what this is built on."""

import keras


def require_tensorflow():
    """Refuses another backend of Keras.

    Raises:
        ImportError: when Keras runs on another backend than TensorFlow.
    """
    name = keras.config.backend()
    if name != "tensorflow":
        raise ImportError(
            "tf_lpdistill needs the TensorFlow backend of Keras. Received: backend "
            f"{name!r}. Set the environment variable KERAS_BACKEND=tensorflow (or "
            '"backend": "tensorflow" in ~/.keras/keras.json) before Python starts.'
        )


require_tensorflow()
