"""How the images of a data set become the input of its networks."""

import numpy as np

from tf_lpdistill import Preprocessing, TeacherCache, data
from tf_lpdistill.data import ImageData


def scaled(loaded: ImageData, scaling="0..1", **how):
    """Returns the `Preprocessing` of a scaling, in the images' own size and colour.

    `how` are its `mean` and `std`.
    """
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


def training_batches(trainer, model, split, seed, order=None):
    """Returns the training batches of a fit, a `tf.data.Dataset` without an end.

    Args:
        trainer: the `Trainer`, whose augmentation they go through.
        model: what is trained; a cached teacher's answers come with the images, and sample ids
            where that one or a loss wants them.
        split: the images.
        seed: of their order.
        order: that of `data.ordered_batches`; None draws one at random in every epoch.
    """
    teacher, steps = getattr(model, "teacher", None), trainer.augmentation.steps
    cached = isinstance(teacher, TeacherCache)
    losses = getattr(model, "distillation_losses", ())
    ids = cached or any("sample_id" in getattr(loss, "needs", ()) for loss in losses)
    own, size = trainer.preprocessing, trainer.batch_size
    pixels = Preprocessing(own.image_size, own.color) if steps else own
    if order is None:
        batches = data.training_batches(split, pixels, size, seed=seed, sample_ids=ids)
    else:
        batches = data.ordered_batches(split, pixels, order, sample_ids=ids)
    if steps:
        batches = trainer.augmentation(batches, own, trainer.data.num_classes, seed)
    return teacher.attach(batches) if cached else batches
