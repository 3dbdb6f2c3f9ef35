"""What recipes/shrink.py ends with: results.csv, table.md and the report."""

import csv
import statistics

import outcome
from results import write
from tf_lpdistill import files
from ways import FIGURES, WAYS


def finish(comparison, found):
    """Writes results.csv, table.md, results.json and the report.

    Args:
        comparison: the `Comparison`.
        found: {key: list of results, one a seed}.
    """
    run, seeds = comparison.trainer.run, comparison.seeds
    lines = [
        {"way": key, "seed": seed, "precision": precision, "parameters": one["parameters"]}
        | figures
        for key, results in found.items()
        for seed, one in zip(seeds, results, strict=True)
        for precision, figures in one["files"].items()
    ]
    with files.atomic_path(run.path("results.csv")) as temporary:
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)
    text = table(found)
    files.write_text(run.path("table.md"), text)
    print(f"\n{text}")
    rows = [outcome.teacher_row(comparison)]
    rows += [_row(key, results) for key, results in found.items()]
    # None is marked as the best: these are test accuracies, which choose nothing.
    best = max(rows[1:], key=lambda row: statistics.mean(row["accuracy"]))
    reading = (
        f"The most accurate int8 file on the test images: {best['name']}. {len(seeds)} seeds, the "
        "same for all ways; accuracies are those of the int8 files, every verb at its defaults."
    )
    write(run, rows, seeds, reading)


def table(found):
    """Returns the table in Markdown, a line for each file of each way; `found` as for `finish`."""
    head = "way | file | test accuracy % | parameters | KB | zipped KB | ms here | from runtime"
    lines = [f"| {head} |", "|" + " --- |" * 8]
    for key, results in found.items():
        for precision in results[0]["files"]:
            mean = _mean(results, precision)
            percent = [100 * one["files"][precision]["accuracy"] for one in results]
            spread = f" ± {statistics.stdev(percent):.2f}" if len(percent) > 1 else ""
            parameters = statistics.mean(one["parameters"] for one in results)
            cells = [
                WAYS[key].title, precision, f"{statistics.mean(percent):.2f}{spread}",
                f"{parameters:,.0f}", f"{mean['bytes'] / 1024:.1f}",
                f"{mean['zipped_bytes'] / 1024:.1f}", f"{mean['latency_ms']:.3f}",
                str(results[0]["files"][precision]["minimum_runtime"]),
            ]  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _row(key, results):
    return {
        "name": WAYS[key].title,
        "key": key,
        "accuracy": [one["files"]["int8"]["accuracy"] for one in results],
        "parameters": round(statistics.mean(one["parameters"] for one in results)),
        "best": False,
        "tflite": {precision: _mean(results, precision) for precision in WAYS[key].precisions},
    }


def _mean(results, precision):
    """The mean figures of a file over the seeds; bytes stay whole."""
    series = [one["files"][precision] for one in results]
    mean = {name: statistics.mean(each[name] for each in series) for name in FIGURES}
    return mean | {name: round(mean[name]) for name in ("bytes", "zipped_bytes")}
