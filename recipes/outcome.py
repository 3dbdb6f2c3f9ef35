"""What a comparison ends with: rows, `results.csv`, the table and the report."""

import statistics

import delivery
import outcome_table
from results import write


def finish(comparison, results, *, published=None, chosen=None, note="", **more):
    """Exports the chosen student; writes and prints the results of a `Comparison`.

    Args:
        comparison: the `Comparison`.
        results: what its `run` returned.
        published: the `Published` figures to print beside them, or None.
        chosen: key of the method that was chosen on the validation images before; None: the one
            that is best on them here.
        note: what is to be said beside what the table says.
        **more: further entries of results.json.
    """
    trainer, seeds = comparison.trainer, comparison.seeds
    rows, failures = make_rows(comparison.methods, results, seeds, chosen)
    rows.insert(0, teacher_row(comparison))
    outcome_table.write_csv(trainer.run.path("results.csv"), rows, failures)
    best = next((row for row in rows if row["best"]), None)
    refused = best and delivery.deliver(comparison, trainer, results, best, rows[0])
    outcome_table.print_table(rows, failures)
    words = [reading(rows, failures), note, refused]
    if published is not None:
        print("\n" + "\n".join(published.lines(rows)))
        words.append(published.sentence(rows))
    exported = best["key"] if best and not refused else None
    words = " ".join(filter(None, words))
    write(trainer.run, rows, seeds, words, exported=exported, failures=failures, **more)


def make_rows(methods, results, seeds, chosen=None):
    """Makes the rows of the students, and what failed.

    Args:
        methods: {key: `Method`}.
        results: {key: list of results, one a seed}, see `Comparison.run`.
        seeds: list of seeds.
        chosen: key of the method to mark as the best; None, and where it failed: the one best on
            the validation images.

    Returns:
        `(rows, failures)`: a dict for each method all of whose seeds were trained, and for each
        other one a dict of name, key and reason.
    """
    rows, failures, alone_ms = [], [], None
    for key, method in methods.items():
        reasons = [
            f"seed {seed}: {result['failed']}"
            for seed, result in zip(seeds, results[key], strict=True)
            if "failed" in result
        ]
        if reasons:
            share = f"{len(reasons)} of {len(seeds)} seeds failed; "
            reason = (share if len(seeds) > 1 else "") + reasons[0]
            failures.append({"name": method.title, "key": key, "reason": reason})
            continue
        rows.append(_row(key, method, results[key]))
        if key == "alone":
            alone_ms = rows[-1]["step_ms"]
        if alone_ms and rows[-1]["step_ms"]:
            rows[-1]["relative_time"] = rows[-1]["step_ms"] / alone_ms
    found = [row for row in rows if row["key"] == chosen] or rows
    if found:
        max(found, key=lambda row: statistics.mean(row["validation_accuracy"]))["best"] = True
    return rows, failures


def _row(key, method, results):
    times = [result["step_ms"] for result in results if result["step_ms"] is not None]
    return {
        "name": method.title,
        "key": key,
        "accuracy": [result["accuracy"] for result in results],
        "last_accuracy": [result["last_accuracy"] for result in results],
        "validation_accuracy": [result["validation_accuracy"] for result in results],
        "parameters": results[0]["parameters"],
        "extra_parameters": results[0]["extra_parameters"],
        "step_ms": statistics.median(times) if times else None,
        "relative_time": None,
        "best": False,
    }


def teacher_row(comparison):
    """The teacher's row."""
    accuracy = comparison.test_accuracy(comparison.teacher)
    return {
        "name": "Teacher",
        "key": "teacher",
        "accuracy": [accuracy],
        "parameters": comparison.teacher.count_params(),
        "best": False,
    }


def reading(rows, failures):
    """What the table says, in words, with paired seeds."""
    alone = next((row for row in rows if row["key"] == "alone"), None)
    students = [row for row in rows if row["key"] not in ("teacher", "alone")]
    if alone is None:
        return "The student alone could not be trained, so that there is nothing to compare with."
    gains = {
        row["name"]: [
            100 * (a - b) for a, b in zip(row["accuracy"], alone["accuracy"], strict=True)
        ]
        for row in students
    }
    better = sum(statistics.mean(gain) > 0 for gain in gains.values())
    always = sum(min(gain) > 0 for gain in gains.values())
    number = len(alone["accuracy"])
    every = f", {always} of them in every seed" if number > 1 else ""
    sentences = [
        f"{better} of {len(students)} methods {'is' if better == 1 else 'are'} above the student "
        f"alone on average{every}"
    ]
    best = next(row for row in rows if row["best"])
    if best is not alone:
        gain = statistics.mean(gains[best["name"]])
        sentences.append(
            f"{best['name']} was chosen on the validation images: {gain:+.1f} points against the "
            "student alone on the test images"
        )
    else:
        sentences.append("The student alone is best on the validation images")
    if failures:
        listed = ", ".join(failure["name"] for failure in failures)
        sentences.append(f"Not trained, the reason is in the report: {listed}")
    seeds = f"{number} seeds, the same for all methods"
    sentences.append(seeds if number > 1 else "One seed proves that a method runs, and ranks none")
    return ". ".join(sentences) + "."
