"""What recipes measure of a trained model: answers and geometry."""

import dataclasses

import numpy as np

from tf_lpdistill import Preprocessing, data, taps
from tf_lpdistill.data import Split
from tf_lpdistill.metrics import neighborhood_overlap

OVERLAP_NEIGHBORS = 10
CHUNK = 512  # images that are in memory at a time, with all that a network makes of them


@dataclasses.dataclass(frozen=True)
class Embedded:
    """A split as a model sees it.

    Args:
        split: the images.
        features: (n, d) float32 embeddings; None where no layer of them is known.
        predictions: (n, classes) float32 logits.
    """

    split: Split
    features: np.ndarray | None
    predictions: np.ndarray

    @property
    def accuracy(self):
        """Share of right answers."""
        return float((self.predictions.argmax(axis=1) == self.split.labels).mean())


def embed(model, split, preprocessing: Preprocessing, feature, chunk=CHUNK):
    """Runs a model on a split, in its order; `feature` names the layer of the embedding, or None.

    Of a `chunk` of images at a time; another number may change the last bit.

    Returns:
        `Embedded`.
    """
    tap, found = taps.Tap(model, [feature] if feature else []), []
    for start in range(0, len(split), chunk):
        images = preprocessing(split.images[start : start + chunk])
        predictions, tapped = tap(images, training=False)
        found.append((np.asarray(predictions), *map(np.asarray, tapped.values())))
    predictions, *features = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Embedded(split, features[0] if features else None, predictions)


def describe(loaded, num_labels):
    """A data set as `config.json` tells of it to the report."""
    height, width, channels = loaded.image_shape
    colour = "grey" if channels == 1 else "colour"
    return {
        "name": loaded.name,
        "description": f"{colour} images of {height}x{width} pixels, {loaded.num_classes} classes",
        **{title: len(split) for title, split in loaded.splits().items()},
        "labelled": num_labels,
        "class_names": list(loaded.class_names),
    }


def accuracy(model, split, preprocessing: Preprocessing, batch_size):
    """Share of right answers of a classifier on a split."""
    batches = data.evaluation_batches(split, preprocessing, batch_size)
    predictions = [np.asarray(model(x, training=False)) for x, _ in batches]
    return float((np.concatenate(predictions).argmax(axis=1) == split.labels).mean())


def overlap(teacher: Embedded, student: Embedded):
    """How many of the teacher's nearest neighbours the student keeps, 0 to 1."""
    return neighborhood_overlap(teacher.features, student.features, OVERLAP_NEIGHBORS)
