"""What recipes measure of a trained model: answers, geometry, phone files."""

import dataclasses

import numpy as np

from tf_lpdistill import Preprocessing, data, taps, tflite
from tf_lpdistill.data import Split
from tf_lpdistill.metrics import neighbor_indices, neighborhood_overlap

OVERLAP_NEIGHBORS = 10
GRID_QUERIES = 8
GRID_NEIGHBORS = 5
GRID_IMAGES = 2000  # among which neighbours are looked for: all distances are computed
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


def embed(model, split, preprocessing: Preprocessing, feature):
    """Runs a model on a split, in its order; `feature` names the layer of the embedding, or None.

    Returns:
        `Embedded`.
    """
    tap, found = taps.Tap(model, [feature] if feature else []), []
    for start in range(0, len(split), CHUNK):
        images = preprocessing(split.images[start : start + CHUNK])
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


def prove(bundle, model, split):
    """Verifies and benchmarks a phone bundle; returns the figures of each of its files."""
    verified = tflite.verify(bundle, model, (split.images, split.labels))
    timed = tflite.benchmark(bundle)
    return {precision: verified[precision] | timed[precision] for precision in bundle.files}


def neighbor_grid(teacher: Embedded, student: Embedded, alone: Embedded, seed):
    """Some images with their neighbours in three feature spaces, for the report.

    The images are drawn at random, not picked; of many images neighbours are looked for among some.
    """
    rng = np.random.default_rng(seed)
    pool = np.sort(rng.permutation(len(teacher.split))[:GRID_IMAGES])
    split = teacher.split.take(pool)
    queries = np.sort(rng.choice(len(pool), min(GRID_QUERIES, len(pool)), replace=False))
    k = min(GRID_NEIGHBORS, len(pool) - 1)
    found = {
        who: neighbor_indices(embedded.features[pool], k)[queries]
        for who, embedded in (("teacher", teacher), ("student", student), ("alone", alone))
    }
    arrays = {"images": split.images[queries], "labels": split.labels[queries]}
    for who, indices in found.items():
        arrays[f"{who}_images"] = split.images[indices]
        arrays[f"{who}_labels"] = split.labels[indices]
    for who, key in (("student", "shared"), ("alone", "alone_shared")):
        arrays[key] = (found[who][:, :, None] == found["teacher"][:, None, :]).any(axis=2)
    return arrays
