"""What the report and the model card say of single test images, and of where a student is from."""

import numpy as np

import evaluation
from run_folder import read_json
from tf_lpdistill import report, tflite
from tf_lpdistill.metrics import neighbor_indices

GRID_QUERIES = 8
GRID_NEIGHBORS = 5
GRID_IMAGES = 2000  # among which neighbours are looked for: all distances are computed


def write_answers(trainer, networks, layers, seed):
    """Writes what networks say of each test image, and which of them they take for alike.

    Into answers.npz, with the int8 file in phone/ where there is one; and, of networks whose
    embeddings are known and finite, teacher, student and alone, into neighbors.npz.

    Args:
        trainer: the `Trainer` of the run.
        networks: {"teacher", "student" and, where there is one, "alone": `keras.Model`}.
        layers: {the same: its layer of the embedding, or None}.
        seed: of the images whose neighbours are shown.
    """
    test, run = trainer.data.test, trainer.run
    embedded = {
        name: evaluation.embed(model, test, trainer.preprocessing, layers[name])
        for name, model in networks.items()
    }
    outputs = {name: found.predictions for name, found in embedded.items()}
    if run.path("phone").exists():
        outputs["int8"] = tflite.predict(run.path("phone"), "int8", test.images)
    features = {name: found.features for name, found in embedded.items()}
    features = {n: rows for n, rows in features.items() if rows is not None}
    report.write_answers(run.path("answers.npz"), test.images, test.labels, outputs, features)
    if set(features) >= {"teacher", "student", "alone"} and all(
        np.isfinite(rows).all() for rows in features.values()
    ):
        write_neighbors(run, test, features, seed)


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


def taught_by(parameters, accuracy):
    """What taught a student, a sentence: a network of so many parameters and test accuracy."""
    return f"{parameters:,} parameters, test accuracy {accuracy:.2%}."


def origin_of_row(run, row, teacher):
    """The `origin` of the student in a row of the table, below its teacher's row."""
    taught = taught_by(teacher["parameters"], teacher["accuracy"][0])
    return origin(run, "none." if row["key"] == "alone" else taught, row["name"])


def origin(run, teacher, method, choice="chosen on the validation images"):
    """What the model card says of a student's training.

    Args:
        run: the started `Run`.
        teacher: what taught it, a sentence.
        method: the name of the method in the table.
        choice: what was chosen, and on what.
    """
    config = read_json(run.path("config.json"))
    data = config["dataset"]
    return tflite.Origin(
        data=f"{data['name']}, {data['description']}; {data['labelled']:,} images with labels for "
        f"training, {data['validation']:,} for validation.",
        teacher=teacher,
        method=f"{method}, by `{config['command']}`; {choice}.",
        limits=f"Tested on {data['test']:,} images from the source of the training images: on "
        "pictures from elsewhere it may do worse.",
    )
