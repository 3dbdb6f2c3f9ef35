"""From trained students to phone bundles, with proof, results and report.

Both choices, of the seed and of the method, are made on the validation images.
"""

import statistics

import evaluation
import record
import summary
from results import write
from tf_lpdistill import tflite
from tf_lpdistill.saving import load_model

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
    for key, name in titles.items():
        own = ("phone", tflite.PRECISIONS) if key == chosen else (f"exports/{key}", TWO_PRECISIONS)
        row = {
            "name": name,
            "key": key,
            "accuracy": [result["accuracy"] for result in results[key]],
            "neighborhood_overlap": [r["neighborhood_overlap"] for r in results[key]],
            "parameters": results[key][0]["parameters"],
            "best": key == chosen,
        }
        origin = record.origin_of_row(trainer.run, row, rows[0])
        row["tflite"] = export(trainer, students[key], trainer.data.name, *own, origin)
        rows.append(row)
    trainer.run.save(students[chosen], trainer.run.path("student.keras"))
    networks = {"teacher": teacher, "student": students[chosen], "alone": students["alone"]}
    embedded = record.embed(trainer, networks, dict.fromkeys(networks, feature))
    record.neighbors(trainer.run, embedded, seeds[0])
    record.answers(trainer, embedded)
    summary.print_table(rows)
    write(trainer.run, rows, seeds, summary.reading(rows), exported=chosen)


def write_answers(comparison, results, key, alone):
    """Writes what the teacher, a student and the same one alone say of each test image.

    Args:
        comparison: the `Comparison`, whose networks both have features.
        results: {key of a method: list of results, one a seed}.
        key: of the student that is in phone/.
        alone: of the one that had no teacher; it may have failed.
    """
    trainer, found = comparison.trainer, comparison.layers
    networks = {"teacher": comparison.teacher} | {
        name: best_student(trainer.run, k, results[k], comparison.seeds)
        for name, k in {"student": key, "alone": alone}.items()
        if not any("failed" in result for result in results[k])
    }
    student = found.student.layer("features")
    layers = dict.fromkeys(networks, student) | {"teacher": found.teacher.layer("features")}
    record.answers(trainer, record.embed(trainer, networks, layers))


def best_student(run, key, results, seeds):
    """The student of the seed that is best on the validation images."""
    pairs = zip(results, seeds, strict=True)
    seed = max(pairs, key=lambda pair: pair[0]["validation_accuracy"])[1]
    return load_model(run.path("students", f"{key}_seed{seed}", "student.keras"))


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
