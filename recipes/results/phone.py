"""Students on their way to the phone: their files, with proof, and where they come from."""

from results import answers
from run_folder import read_config
from tf_lpdistill import tflite

TWO_PRECISIONS = ("float32", "int8")  # of what is compared; the chosen student gets all


def export(trainer, model, name, directory, precisions, origin=None):
    """Exports a model, verifies and times its files.

    Args:
        trainer: the `Trainer` of the run, with its images in memory.
        model: what `tflite.export_bundle` takes.
        name: of the files.
        directory: in the run folder.
        precisions: of the files.
        origin: the `tflite.Origin` for the model card, or None.

    Returns:
        {precision: the figures of its file}.
    """
    directory = trainer.run.path(directory)
    print(f"exporting to {directory}", flush=True)
    return prove(
        model, directory, trainer.data, trainer.preprocessing, precisions, name=name, origin=origin
    )


def prove(model, directory, data, preprocessing, precisions, calibration=None, **about):
    """Exports a model as files that are verified on the test images, and timed.

    Args:
        model: what `tflite.export_bundle` takes.
        directory: of the bundle.
        data: `ImageData`.
        preprocessing: the model's `Preprocessing`.
        precisions: of the files.
        calibration: how many training images int8 takes its ranges from, at most; None: as
            `tflite.export_bundle` does of all.
        **about: further arguments of it.

    Returns:
        {precision: the figures of its file}.
    """
    bundle = tflite.export_bundle(
        model,
        directory,
        labels=data.class_names,
        preprocessing=preprocessing,
        precisions=precisions,
        representative_data=data.train.images[:calibration],
        **about,
    )
    verified = tflite.verify(bundle, model, (data.test.images, data.test.labels))
    timed, facts = tflite.benchmark(bundle), bundle.facts()["files"]
    return {
        precision: verified[precision]
        | timed[precision]
        | {"minimum_runtime": facts[precision]["minimum_runtime"]}
        for precision in bundle.files
    }


def export_rows(trainer, rows, results, seeds, name, taught):
    """Exports the best seed's student of every row, and notes the figures of its files there.

    The best row's goes to phone/, and to student.keras; others to exports/.

    Args:
        trainer: as for `export`.
        rows: of students.
        results: {key of a method: list of results, one a seed}.
        seeds: list of seeds.
        name: of the files.
        taught: what taught those that had a teacher, a sentence.
    """
    for row in rows:
        key, place = row["key"], (f"exports/{row['key']}", TWO_PRECISIONS)
        student = trainer.run.best_student(key, results[key], seeds)
        if row["best"]:
            place = ("phone", tflite.PRECISIONS)
            trainer.run.save(student, trainer.run.path("student.keras"))
        teacher = "none." if key.endswith("alone") else taught
        row["tflite"] = export(
            trainer, student, name, *place, origin(trainer.run, teacher, row["name"])
        )


def deliver(grid, trainer, results, row, teacher):
    """Exports the student of the best row, and writes what it says of the test images.

    Args:
        grid: the `Grid` that trained it.
        trainer: a `Trainer` of the run, with its images in memory.
        results: {key of a method: list of results, one a seed}.
        row: the student's, where its files are noted.
        teacher: the teacher's row.

    Returns:
        Why it could not be exported, in words; None where it was.
    """
    refused = None
    try:
        export_rows(trainer, [row], results, grid.seeds, "student", taught_by(teacher))
    except (ValueError, RuntimeError) as error:  # what was trained for hours must be reported
        refused = f"{row['name']} could not be exported: {error}"
    layers = grid.layers.embeddings()
    answers.write(trainer, grid.teacher, results, grid.seeds, layers, row["key"])
    return refused


def taught_by(teacher):
    """What taught a student, a sentence: the network of a row, its size and test accuracy."""
    return f"{teacher['parameters']:,} parameters, test accuracy {teacher['accuracy'][0]:.2%}."


def origin(run, teacher, method, choice="chosen on the validation images"):
    """What the model card says of a student's training: a `tflite.Origin`.

    Args:
        run: the started `Run`.
        teacher: what taught it, a sentence.
        method: the name of the method in the table.
        choice: what was chosen, and on what.
    """
    config = read_config(run.path("config.json"))
    data = config["dataset"]
    return tflite.Origin(
        data=f"{data['name']}, {data['description']}; {data['labelled']:,} images with labels for "
        f"training, {data['validation']:,} for validation.",
        teacher=teacher,
        method=f"{method}, by `{config['command']}`; {choice}.",
        limits=f"Tested on {data['test']:,} images from the source of the training images: on "
        "pictures from elsewhere it may do worse.",
    )
