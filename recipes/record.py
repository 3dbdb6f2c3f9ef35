"""What the report and the model card say of single test images, and of where a student is from."""

import numpy as np

import evaluation
from run_folder import read_json
from tf_lpdistill import files, report, tflite


def embed(trainer, networks, layers):
    """Runs networks on the test images: {name: `evaluation.Embedded`}.

    Args:
        trainer: the `Trainer` of the run.
        networks: {"teacher", "student" or "alone": `keras.Model`}.
        layers: {the same: its layer of the embedding}.
    """
    test, pixels = trainer.data.test, trainer.preprocessing
    return {n: evaluation.embed(model, test, pixels, layers[n]) for n, model in networks.items()}


def neighbors(run, embedded, seed):
    """Writes neighbors.npz: some images with their neighbours in three feature spaces."""
    with files.atomic_path(run.path("neighbors.npz")) as temporary:
        np.savez(temporary, **evaluation.neighbor_grid(**embedded, seed=seed))


def answers(trainer, embedded):
    """Writes answers.npz: what the networks, and the int8 file in phone/, say of each image."""
    test, run = trainer.data.test, trainer.run
    outputs = {name: found.predictions for name, found in embedded.items()}
    outputs["int8"] = tflite.predict(run.path("phone"), "int8", test.images)
    features = {name: found.features for name, found in embedded.items()}
    report.write_answers(run.path("answers.npz"), test.images, test.labels, outputs, features)


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
