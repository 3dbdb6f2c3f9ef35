"""What recipes measure of a trained model: answers, geometry, phone files."""

import dataclasses

import numpy as np

from tf_lpdistill import Preprocessing, taps, tflite
from tf_lpdistill.data import Split
from tf_lpdistill.metrics import neighbor_indices, neighborhood_overlap

OVERLAP_NEIGHBORS = 10
GRID_QUERIES = 8
GRID_NEIGHBORS = 5


@dataclasses.dataclass(frozen=True)
class Embedded:
    """A split as a model sees it.

    Args:
        split: the images.
        features: (n, d) float32 embeddings.
        predictions: (n, classes) float32 logits.
    """

    split: Split
    features: np.ndarray
    predictions: np.ndarray

    @property
    def accuracy(self):
        """Share of right answers."""
        return float((self.predictions.argmax(axis=1) == self.split.labels).mean())


def embed(model, split, preprocessing: Preprocessing, feature):
    """Runs a model on a split, in its order; `feature` names the layer of the embedding."""
    predictions, tapped = taps.Tap(model, [feature])(preprocessing(split.images), training=False)
    return Embedded(split, np.asarray(tapped[feature]), np.asarray(predictions))


def overlap(teacher: Embedded, student: Embedded):
    """How many of the teacher's nearest neighbours the student keeps, 0 to 1."""
    return neighborhood_overlap(teacher.features, student.features, OVERLAP_NEIGHBORS)


def prove(bundle, model, split):
    """Verifies and benchmarks a phone bundle; returns the figures of each of its files."""
    verified = tflite.verify(bundle, model, (split.images, split.labels))
    timed = tflite.benchmark(bundle)
    return {precision: verified[precision] | timed[precision] for precision in bundle.files}


def neighbor_grid(teacher: Embedded, student: Embedded, alone: Embedded, seed):
    """Some images with their neighbours in three feature spaces, for the report.

    The images are drawn at random, not picked.
    """
    split = teacher.split
    rng = np.random.default_rng(seed)
    queries = np.sort(rng.choice(len(split), GRID_QUERIES, replace=False))
    found = {
        who: neighbor_indices(embedded.features, GRID_NEIGHBORS)[queries]
        for who, embedded in (("teacher", teacher), ("student", student), ("alone", alone))
    }
    arrays = {"images": split.images[queries], "labels": split.labels[queries]}
    for who, indices in found.items():
        arrays[f"{who}_images"] = split.images[indices]
        arrays[f"{who}_labels"] = split.labels[indices]
    for who, key in (("student", "shared"), ("alone", "alone_shared")):
        arrays[key] = (found[who][:, :, None] == found["teacher"][:, None, :]).any(axis=2)
    return arrays
