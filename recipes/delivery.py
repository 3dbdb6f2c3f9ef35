"""From trained students to phone bundles, with proof, results and report.

Both choices, of the seed and of the method, are made on the validation images.
"""

import statistics

import keras
import numpy as np

import common
import evaluation
import summary
import training
from tf_lpdistill import files, report, tflite

TWO_PRECISIONS = ("float32", "int8")  # of what is compared; the chosen student gets all


def finish(trainer, teacher, feature, titles, results, seeds):
    """Exports the best student of every method, writes the results and the report.

    Args:
        trainer: the `Trainer` of the run, in whose folder the students lie.
        teacher: the trained `keras.Model`.
        feature: layer of the embedding, in teacher and student.
        titles: {key of a method: its name}, "alone" among them.
        results: {key: list of results, one a seed}, dicts of `accuracy`, `validation_accuracy`,
            `neighborhood_overlap` and `parameters`.
        seeds: list of seeds.
    """
    chosen = max(
        (key for key in titles if key != "alone"),
        key=lambda k: statistics.mean(result["validation_accuracy"] for result in results[k]),
    )
    students = {key: best_student(trainer.run, key, results[key], seeds) for key in titles}
    rows = [_teacher_row(trainer, teacher, feature)]
    taught = f"{teacher.count_params():,} parameters, test accuracy {rows[0]['accuracy'][0]:.2%}."
    for key, name in titles.items():
        own = ("phone", tflite.PRECISIONS) if key == chosen else (f"exports/{key}", TWO_PRECISIONS)
        rows.append(
            {
                "name": name,
                "key": key,
                "accuracy": [result["accuracy"] for result in results[key]],
                "neighborhood_overlap": [r["neighborhood_overlap"] for r in results[key]],
                "parameters": results[key][0]["parameters"],
                "best": key == chosen,
                "tflite": export(
                    trainer,
                    students[key],
                    trainer.data.name,
                    *own,
                    origin(trainer.run, "none." if key == "alone" else taught, name),
                ),
            }
        )
    trainer.run.save(students[chosen], trainer.run.path("student.keras"))
    networks = {"teacher": teacher, "student": students[chosen], "alone": students["alone"]}
    _record(trainer, feature, networks, seeds[0])
    write_report(trainer.run, rows, seeds, chosen, summary.reading(rows))


def best_student(run, key, results, seeds):
    """The student of the seed that is best on the validation images."""
    pairs = zip(results, seeds, strict=True)
    seed = max(pairs, key=lambda pair: pair[0]["validation_accuracy"])[1]
    return keras.saving.load_model(run.path("students", f"{key}_seed{seed}", "student.keras"))


def _teacher_row(trainer, teacher, feature):
    test = evaluation.embed(teacher, trainer.data.test, trainer.preprocessing, feature)
    return {
        "name": "Teacher",
        "key": "teacher",
        "accuracy": [test.accuracy],
        "neighborhood_overlap": None,
        "parameters": teacher.count_params(),
        "best": False,
        "tflite": export(trainer, teacher, "teacher", "exports/teacher", TWO_PRECISIONS),
    }


def origin(run, teacher, method):
    """What the model card says of a student's training.

    Args:
        run: the started `common.Run`.
        teacher: what taught it, a sentence.
        method: the name of the method in the table.
    """
    config = training.read_json(run.path("config.json"))
    data = config["dataset"]
    return tflite.Origin(
        data=f"{data['name']}, {data['description']}; {data['labelled']:,} images with labels for "
        f"training, {data['validation']:,} for validation.",
        teacher=teacher,
        method=f"{method}, by `{config['command']}`; chosen on the validation images.",
        limits=f"Tested on {data['test']:,} images from the source of the training images: on "
        "pictures from elsewhere it may do worse.",
    )


def export(trainer, model, name, directory, precisions, origin=None):
    """Exports a model and proves its files; returns the figures of each."""
    print(f"exporting to {trainer.run.path(directory)}", flush=True)
    bundle = tflite.export_bundle(
        model,
        trainer.run.path(directory),
        name=name,
        labels=trainer.data.class_names,
        preprocessing=trainer.preprocessing,
        precisions=precisions,
        representative_data=trainer.data.train.images,
        origin=origin,
    )
    return evaluation.prove(bundle, model, trainer.data.test)


def _record(trainer, feature, networks, seed):
    """Writes what the report shows of single test images: neighbours and answers."""
    test = trainer.data.test
    embedded = {
        name: evaluation.embed(model, test, trainer.preprocessing, feature)
        for name, model in networks.items()
    }
    with files.atomic_path(trainer.run.path("neighbors.npz")) as temporary:
        np.savez(temporary, **evaluation.neighbor_grid(**embedded, seed=seed))
    outputs = {name: found.predictions for name, found in embedded.items()}
    outputs["int8"] = tflite.predict(trainer.run.path("phone"), "int8", test.images)
    features = {name: found.features for name, found in embedded.items()}
    path = trainer.run.path("answers.npz")
    report.write_answers(path, test.images, test.labels, outputs, features)


def write_report(run, rows, seeds, chosen, reading, failures=()):
    """Writes history.csv, results.json and report.html; prints the table and the path.

    Args:
        run: the started `common.Run`.
        rows: list of dicts, the rows of the table.
        seeds: list of seeds.
        chosen: key of the row whose student was exported to `phone/`.
        reading: what the table says, in words.
        failures: dicts of name, key and reason of what could not be trained.
    """
    training.gather_curves(run, [row["key"] for row in rows])
    files.write_json(
        run.path("results.json"),
        {
            "rows": rows,
            "failures": list(failures) or None,
            "seeds": seeds,
            "reading": reading,
            "exported": chosen,
            "hardware": common.hardware(),
        },
    )
    summary.print_table(rows)
    print(f"\n{reading}\n\nReport: {report.write_report(run.directory)}")
