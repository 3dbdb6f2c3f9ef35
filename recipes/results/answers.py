"""What the networks of a run say of single test images, for its report."""

import numpy as np

from results import evaluation
from tf_lpdistill import report, tflite
from tf_lpdistill.metrics import neighbor_indices

GRID_QUERIES = 8
GRID_NEIGHBORS = 5
GRID_IMAGES = 2000  # among which neighbours are looked for: all distances are computed


def write(trainer, teacher, results, seeds, layers, key, alone="alone"):
    """Writes what teacher, student, and the same one alone say, and what they take for alike.

    Into answers.npz, with the int8 file in phone/ where there is one; and, of networks whose
    embeddings are known and finite, teacher, student and alone, into neighbors.npz.

    Args:
        trainer: the `Trainer` of the run, with its images in memory.
        teacher: the `keras.Model`.
        results: {key of a method: list of results, one a seed}.
        seeds: list of seeds.
        layers: `(teacher's, student's)` layer of the embedding, each None where it has none.
        key: of the student that is in phone/.
        alone: of the one that had no teacher; it may have failed.
    """
    test, run = trainer.data.test, trainer.run
    networks = {"teacher": (teacher, layers[0])} | {
        name: (run.best_student(k, results[k], seeds), layers[1])
        for name, k in {"student": key, "alone": alone}.items()
        if not any("failed" in result for result in results[k])
    }
    embedded = {
        name: evaluation.embed(model, test, trainer.preprocessing, layer)
        for name, (model, layer) in networks.items()
    }
    outputs = {name: found.predictions for name, found in embedded.items()}
    if run.path("phone").exists():
        outputs["int8"] = tflite.predict(run.path("phone"), "int8", test.images)
    features = {name: found.features for name, found in embedded.items()}
    features = {name: rows for name, rows in features.items() if rows is not None}
    report.write_answers(run.path("answers.npz"), test.images, test.labels, outputs, features)
    if set(features) >= {"teacher", "student", "alone"} and all(
        np.isfinite(rows).all() for rows in features.values()
    ):
        write_neighbors(run, test, features, seeds[0])


def write_neighbors(run, split, features, seed):
    """Writes neighbors.npz: images that are drawn, not picked, among their nearest neighbours.

    Args:
        run: the started `Run`.
        split: the images; of many, neighbours are looked for among some.
        features: {"teacher", "student", "alone": (n, ...) features of the split}.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    pool = np.sort(rng.permutation(len(split))[:GRID_IMAGES])
    queries = np.sort(rng.choice(len(pool), min(GRID_QUERIES, len(pool)), replace=False))
    k = min(GRID_NEIGHBORS, len(pool) - 1)
    found = {name: neighbor_indices(rows[pool], k)[queries] for name, rows in features.items()}
    images, labels = split.images[pool], split.labels[pool]
    report.write_neighbors(run.path("neighbors.npz"), images, labels, queries, found)
