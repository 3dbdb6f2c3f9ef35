"""How the pixels of a data set become the input of its networks, in their own size and colour."""

import numpy as np

from tf_lpdistill import Preprocessing
from tf_lpdistill.data import ImageData


def scaled(loaded: ImageData, scaling="0..1", **how):
    """Returns the `Preprocessing` of a scaling; `how` are its `mean` and `std`."""
    height, width, channels = loaded.image_shape
    color = "grayscale" if channels == 1 else "rgb"
    return Preprocessing((height, width), color, scaling, **how)


def standardized(loaded: ImageData):
    """Returns the `Preprocessing` that gives each channel of the training images mean 0, sd 1."""
    values, means, deviations = np.arange(256), [], []
    for channel in range(loaded.image_shape[-1]):
        counts = np.bincount(loaded.train.images[..., channel].ravel(), minlength=256)
        means.append(np.average(values, weights=counts))
        deviations.append(np.average((values - means[-1]) ** 2, weights=counts) ** 0.5)
    # A channel of one value has no deviation to divide by.
    deviations = np.maximum(np.round(deviations, 2), 1.0)
    return scaled(loaded, "mean_std", mean=np.round(means, 2), std=deviations)
