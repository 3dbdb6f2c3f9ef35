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
    record.write_answers(trainer, networks, dict.fromkeys(networks, feature), seeds[0])
    summary.print_table(rows)
    write(trainer.run, rows, seeds, summary.reading(rows), exported=chosen)


def deliver(grid, trainer, results, row, teacher):
    """Exports the student of a row to phone/, and writes what it says of the test images.

    Args:
        grid: the `Grid` that trained it.
        trainer: a `Trainer` of the run, with its images in memory.
        results: {key of a method: list of results, one a seed}.
        row: the student's, where its files are noted.
        teacher: the teacher's row.

    Returns:
        Why it could not be exported, in words; None where it was.
    """
    refused, key = None, row["key"]
    student = best_student(trainer.run, key, results[key], grid.seeds)
    trainer.run.save(student, trainer.run.path("student.keras"))
    origin = record.origin_of_row(trainer.run, row, teacher)
    try:
        row["tflite"] = export(trainer, student, "student", "phone", tflite.PRECISIONS, origin)
    except (ValueError, RuntimeError) as error:  # what was trained for hours must be reported
        refused = f"{row['name']} could not be exported: {error}"
    write_answers(grid, trainer, results, key, "alone")
    return refused


def write_answers(grid, trainer, results, key, alone):
    """Writes what the teacher, a student and the same one alone say of each test image.

    Args:
        grid: the `Grid` that trained them.
        trainer: a `Trainer` of the run, with its images in memory.
        results: {key of a method: list of results, one a seed}.
        key: of the student that is in phone/.
        alone: of the one that had no teacher; it may have failed.
    """
    networks = {"teacher": grid.teacher} | {
        name: best_student(trainer.run, k, results[k], grid.seeds)
        for name, k in {"student": key, "alone": alone}.items()
        if not any("failed" in result for result in results[k])
    }
    roles = grid.layers.teacher.roles, grid.layers.student.roles
    teacher, student = (found.get("features") for found in roles)
    layers = dict.fromkeys(networks, student) | {"teacher": teacher}
    record.write_answers(trainer, networks, layers, grid.seeds[0])


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
