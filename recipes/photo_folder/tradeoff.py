"""Students of several sizes: which one is chosen, its bundle, and what the table says."""

import statistics

from results import answers, ending, phone, tables
from results.rows import failures, student_row, teacher_row


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
    rows, failed = make_rows(comparisons, results)
    if not rows:
        raise ValueError(f"No student could be trained. The first: {failed[0]['reason']}")
    chosen = choose(rows, slack)
    chosen["best"] = True
    by_key = {key: found for own in results.values() for key, found in own.items()}
    phone.export_rows(trainer, rows, by_key, seeds, "student", f"{about}.")
    layers, alone = comparisons[chosen["student"]].layers.embeddings(), f"{chosen['student']}_alone"
    answers.write(trainer, first.teacher, by_key, seeds, layers, chosen["key"], alone)
    accuracy = first.test_accuracy(first.teacher)
    rows.insert(0, teacher_row(first.teacher, accuracy, neighborhood_overlap=None, tflite=None))
    words = reading(rows, chosen, failed, slack, len(trainer.data.test))
    notes = [words, f"Teacher: {about}", photos.imbalance_line(), photos.left_out_line()]
    words = ". ".join(note[0].upper() + note[1:] for note in notes if note) + "."
    tables.STUDENTS.show(rows)
    ending.finish(trainer.run, rows, seeds, words, exported=chosen["key"], failed=failed)


def make_rows(comparisons, results):
    """Makes the rows of all students, and lists what failed: `(rows, failed)`."""
    rows, failed = [], []
    for short, comparison in comparisons.items():
        failed += failures(comparison.methods, results[short], comparison.seeds)
        lost = {failure["key"] for failure in failed}
        rows += [
            student_row(
                comparison.methods[key].title, key, found, ("accuracy", "validation_accuracy"),
                student=short, neighborhood_overlap=None,
            )
            for key, found in results[short].items()
            if key not in lost
        ]  # fmt: skip
    return rows, failed


def choose(rows, slack):
    """The smallest student within `slack` points of the best, on the validation images."""

    def validation(row):
        return statistics.mean(row["validation_accuracy"])

    enough = max(map(validation, rows)) - slack / 100
    good = [row for row in rows if validation(row) >= enough - 1e-9]
    return min(good, key=lambda row: (row["parameters"], -validation(row)))


def reading(rows, chosen, failed, slack, num_test):
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
    if failed:
        sentences.append("Not trained: " + ", ".join(item["name"] for item in failed))
    number = len(chosen["accuracy"])
    seeds = f"{number} seeds, the same for all"
    sentences.append(seeds if number > 1 else "One seed proves little about a method")
    return ". ".join(sentences)
