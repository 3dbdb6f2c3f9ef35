"""What the table of a run says in words: differences of paired seeds, and what did not help."""

import statistics


def of_students(rows):
    """A clause on each student against the one alone, and the number of seeds."""
    alone = next(row for row in rows if row["key"] == "alone")
    clauses = []
    for row in rows:
        if row["key"] in ("teacher", "alone"):
            continue
        gains = _gains(row, alone)
        mean = statistics.mean(gains)
        if min(gains) > 0:
            text = f"{row['name']} adds {mean:.1f} points to the student alone, in every seed"
        elif mean > 0:
            text = f"{row['name']} adds {mean:.1f} points on average, but not in every seed"
        else:
            text = f"{row['name']} does not help here ({mean:+.1f} points)"
        clauses.append(text)
    return "; ".join(clauses) + f". {len(alone['accuracy'])} seeds, the same for all methods."


def of_methods(rows, failed):
    """How many methods help, which one was chosen, what failed, and the number of seeds."""
    alone = next((row for row in rows if row["key"] == "alone"), None)
    if alone is None:
        return "The student alone could not be trained, so that there is nothing to compare with."
    students = [row for row in rows if row["key"] not in ("teacher", "alone")]
    gains = {row["name"]: _gains(row, alone) for row in students}
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
    if failed:
        listed = ", ".join(failure["name"] for failure in failed)
        sentences.append(f"Not trained, the reason is in the report: {listed}")
    seeds = f"{number} seeds, the same for all methods"
    sentences.append(seeds if number > 1 else "One seed proves that a method runs, and ranks none")
    return ". ".join(sentences) + "."


def _gains(row, alone):
    """Points of test accuracy over the student alone, one a seed."""
    return [100 * (a - b) for a, b in zip(row["accuracy"], alone["accuracy"], strict=True)]
