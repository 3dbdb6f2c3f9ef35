"""Students of several sizes: which one is chosen, its bundle, and what the table says."""

import statistics

import delivery
import record
import summary
from results import write
from tf_lpdistill import tflite


def finish(comparisons, results, photos, about, slack):
    """Exports all students, the chosen one for the phone; writes the results and the report.

    Args:
        comparisons: {short name of a student: its `Comparison`}, all of one trainer and teacher.
        results: {short name: what its `run` returned}.
        photos: the `Photos`.
        about: what the teacher is, in words.
        slack: points of validation accuracy that a smaller student may lack.

    Raises:
        ValueError: when no student could be trained.
    """
    first = next(iter(comparisons.values()))
    trainer, seeds = first.trainer, first.seeds
    rows, failures = make_rows(comparisons, results)
    if not rows:
        raise ValueError(f"No student could be trained. The first: {failures[0]['reason']}")
    chosen = choose(rows, slack)
    chosen["best"] = True
    by_key = {key: found for own in results.values() for key, found in own.items()}
    for row in rows:
        key = row["key"]
        student = delivery.best_student(trainer.run, key, by_key[key], seeds)
        own = (f"exports/{key}", delivery.TWO_PRECISIONS)
        if row is chosen:
            own = ("phone", tflite.PRECISIONS)
            trainer.run.save(student, trainer.run.path("student.keras"))
        taught = "none." if key.endswith("_alone") else f"{about}."
        origin = record.origin(trainer.run, taught, row["name"])
        row["tflite"] = delivery.export(trainer, student, "student", *own, origin)
    size = chosen["student"]
    delivery.write_answers(comparisons[size], trainer, by_key, chosen["key"], f"{size}_alone")
    rows.insert(0, teacher_row(first))
    words = reading(rows, chosen, failures, slack, len(trainer.data.test))
    notes = [words, f"Teacher: {about}", photos.imbalance_line(), photos.left_out_line()]
    words = ". ".join(note[0].upper() + note[1:] for note in notes if note) + "."
    summary.print_table(rows)
    write(trainer.run, rows, seeds, words, exported=chosen["key"], failures=failures)


def make_rows(comparisons, results):
    """Makes the rows of all students, and what failed: `(rows, failures)`."""
    rows, failures = [], []
    for short, comparison in comparisons.items():
        for key, found in results[short].items():
            name = comparison.methods[key].title
            failed = [result["failed"] for result in found if "failed" in result]
            if failed:
                failures.append({"name": name, "key": key, "reason": failed[0]})
                continue
            rows.append(
                {
                    "name": name,
                    "key": key,
                    "student": short,
                    "accuracy": [result["accuracy"] for result in found],
                    "validation_accuracy": [result["validation_accuracy"] for result in found],
                    "neighborhood_overlap": None,
                    "parameters": found[0]["parameters"],
                    "best": False,
                }
            )
    return rows, failures


def teacher_row(comparison):
    """The teacher's row; it is not exported."""
    return {
        "name": "Teacher",
        "key": "teacher",
        "accuracy": [comparison.test_accuracy(comparison.teacher)],
        "neighborhood_overlap": None,
        "parameters": comparison.teacher.count_params(),
        "best": False,
        "tflite": None,
    }


def choose(rows, slack):
    """The smallest student within `slack` points of the best, on the validation images."""

    def validation(row):
        return statistics.mean(row["validation_accuracy"])

    enough = max(map(validation, rows)) - slack / 100
    good = [row for row in rows if validation(row) >= enough - 1e-9]
    return min(good, key=lambda row: (row["parameters"], -validation(row)))


def reading(rows, chosen, failures, slack, num_test):
    """What the table says, in words; without a full stop at its end."""
    mean = {row["key"]: 100 * statistics.mean(row["accuracy"]) for row in rows}
    share = mean[chosen["key"]] / 100
    error = 196 * (share * (1 - share) / num_test) ** 0.5
    sentences = [
        f"Chosen: {chosen['name']}, the smallest student within {slack:g} points of the best on "
        f"the validation images; on {num_test} test images it has {100 * share:.1f} %, give or "
        f"take {error:.1f}, the teacher {mean['teacher']:.1f} %"
    ]
    alone = {row.get("student"): row for row in rows if row["key"].endswith("_alone")}
    for row in rows[1:]:
        base = alone.get(row["student"])
        if base not in (None, row):
            gain = mean[row["key"]] - mean[base["key"]]
            sentences.append(f"{row['name']} {gain:+.1f} points against {base['name']}")
    if failures:
        sentences.append("Not trained: " + ", ".join(item["name"] for item in failures))
    number = len(chosen["accuracy"])
    seeds = f"{number} seeds, the same for all"
    sentences.append(seeds if number > 1 else "One seed proves little about a method")
    return ". ".join(sentences)
