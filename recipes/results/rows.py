"""The rows of a run's table as results.json keeps them: teacher, students, and what failed."""

import statistics

# All that a row may hold, in the order of results.json. What a recipe does not measure is missing.
FIELDS = (
    "name key student accuracy last_accuracy top5 validation_accuracy neighborhood_overlap "
    "parameters extra_parameters step_ms relative_time best tflite"
).split()


def student_row(name, key, results, measures=("accuracy",), **more):
    """Makes the row of a student.

    Args:
        name: in the table.
        key: of its method.
        results: list of dicts, one a seed: `parameters`, and what `measures` lists.
        measures: names of the figures of which the row lists every seed's.
        **more: further fields.
    """
    row = {"name": name, "key": key, "parameters": results[0]["parameters"], "best": False}
    return row | {each: [result[each] for result in results] for each in measures} | more


def teacher_row(teacher, accuracy, **more):
    """Makes the row of a teacher, a `keras.Model`; `more` are further fields."""
    result = {"accuracy": accuracy, "parameters": teacher.count_params()}
    return student_row("Teacher", "teacher", [result], **more)


def method_rows(methods, results, seeds, chosen=None):
    """Makes the rows of a comparison's students, and lists what failed.

    Args:
        methods: {key: `Method`}.
        results: {key: list of results, one a seed}, see `Comparison.run`.
        seeds: list of seeds.
        chosen: key of the method to mark as the best; None, and where it failed: the one best on
            the validation images.

    Returns:
        `(rows, failed)`: a dict for each method all of whose seeds were trained, and `failures`.
    """
    failed = failures(methods, results, seeds)
    lost = {failure["key"] for failure in failed}
    rows = [
        student_row(
            method.title, key, results[key], ("accuracy", "last_accuracy", "validation_accuracy"),
            **_costs(results[key]),
        )
        for key, method in methods.items()
        if key not in lost
    ]  # fmt: skip
    alone_ms = next((row["step_ms"] for row in rows if row["key"] == "alone"), None)
    for row in rows:
        timed = alone_ms and row["step_ms"]
        row["relative_time"] = row["step_ms"] / alone_ms if timed else None
    found = [row for row in rows if row["key"] == chosen] or rows
    if found:
        mark_best(found, results)
    return rows, failed


def _costs(results):
    times = [result["step_ms"] for result in results if result["step_ms"] is not None]
    return {
        "extra_parameters": results[0]["extra_parameters"],
        "step_ms": statistics.median(times) if times else None,
    }


def failures(methods, results, seeds):
    """Lists the methods some of whose seeds failed: dicts of name, key and reason.

    The arguments are those of `method_rows`.
    """
    failed = []
    for key, method in methods.items():
        reasons = [
            f"seed {seed}: {result['failed']}"
            for seed, result in zip(seeds, results[key], strict=True)
            if "failed" in result
        ]
        if reasons:
            share = f"{len(reasons)} of {len(seeds)} seeds failed; " if len(seeds) > 1 else ""
            failed.append({"name": method.title, "key": key, "reason": share + reasons[0]})
    return failed


def mark_best(rows, results):
    """Marks the row that is best on the validation images, and returns it.

    Args:
        rows: of students.
        results: {key: list of results, one a seed}.
    """

    def validation(row):
        return statistics.mean(result["validation_accuracy"] for result in results[row["key"]])

    best = max(rows, key=validation)
    best["best"] = True
    return best
