"""The small image data sets that Keras downloads by itself."""

import keras
import numpy as np

from tf_lpdistill.data.splits import ImageData, Split

_NAMES = ("mnist", "fashion_mnist", "cifar10", "cifar100")


def load_keras(name: str) -> ImageData:
    """Loads a data set of `keras.datasets`; Keras downloads it where it has not yet.

    Args:
        name: "mnist", "fashion_mnist", "cifar10" or "cifar100".

    Returns:
        `ImageData` with the splits "train" and "test"; the classes are called by their numbers.

    Raises:
        ValueError: for another name.
        OSError: when the download fails.
    """
    if name not in _NAMES:
        raise ValueError(f"load_keras knows {', '.join(_NAMES)}. Received: {name!r}")
    try:
        loaded = getattr(keras.datasets, name).load_data()
    # Keras raises a bare Exception for whatever goes wrong with a download.
    except Exception as error:
        raise OSError(
            f"Keras could not get {name!r}: {error}. Without a network, take an .npz file made "
            "elsewhere (x_train, y_train, x_test, y_test; see load_npz)."
        ) from error
    train, test = (_split(*arrays) for arrays in loaded)
    classes = 1 + int(train.labels.max())
    return ImageData(name, train, None, test, tuple(map(str, range(classes))))


def _split(images, labels):
    images = images[..., None] if images.ndim == 3 else images
    return Split(images, np.reshape(labels, -1))
