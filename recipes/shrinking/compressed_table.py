"""What recipes/shrink.py ends with: results.csv, table.md and the report."""

import statistics

from results import ending, tables
from results.rows import student_row
from shrinking.ways import FIGURES, WAYS
from tf_lpdistill import files


def finish(run, teacher, found, seeds):
    """Writes results.csv, table.md, results.json and the report.

    Args:
        run: the started `Run`.
        teacher: the teacher's row.
        found: {key: list of results, one a seed}.
        seeds: list of seeds.
    """
    lines = [
        {"way": key, "seed": seed, "precision": precision, "parameters": one["parameters"]}
        | figures
        for key, results in found.items()
        for seed, one in zip(seeds, results, strict=True)
        for precision, figures in one["files"].items()
    ]
    tables.write_csv(run.path("results.csv"), list(lines[0]), lines)
    text = table(found)
    files.write_text(run.path("table.md"), text)
    print(f"\n{text}")
    rows = [_row(key, results) for key, results in found.items()]
    # None is marked as the best: these are test accuracies, which choose nothing.
    best = max(rows, key=lambda row: statistics.mean(row["accuracy"]))
    rows.insert(0, teacher)
    reading = (
        f"The most accurate int8 file on the test images: {best['name']}. {len(seeds)} seeds, the "
        "same for all ways; accuracies are those of the int8 files, every verb at its defaults."
    )
    ending.finish(run, rows, seeds, reading)


def table(found):
    """Returns the table in Markdown, a line for each file of each way; `found` as for `finish`."""
    head = "way | file | test accuracy % | parameters | KB | zipped KB | ms here | from runtime"
    lines = [f"| {head} |", "|" + " --- |" * 8]
    for key, results in found.items():
        for precision in results[0]["files"]:
            mean = _mean(results, precision)
            shares = [one["files"][precision]["accuracy"] for one in results]
            parameters = statistics.mean(one["parameters"] for one in results)
            cells = [
                WAYS[key].title, precision, tables.mean_sd(shares, " ± "),
                f"{parameters:,.0f}", f"{mean['bytes'] / 1024:.1f}",
                f"{mean['zipped_bytes'] / 1024:.1f}", f"{mean['latency_ms']:.3f}",
                str(results[0]["files"][precision]["minimum_runtime"]),
            ]  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _row(key, results):
    parameters = round(statistics.mean(one["parameters"] for one in results))
    int8 = [one["files"]["int8"] | {"parameters": parameters} for one in results]
    figures = {precision: _mean(results, precision) for precision in WAYS[key].precisions}
    return student_row(WAYS[key].title, key, int8, tflite=figures)


def _mean(results, precision):
    """The mean figures of a file over the seeds; bytes stay whole."""
    series = [one["files"][precision] for one in results]
    mean = {name: statistics.mean(each[name] for each in series) for name in FIGURES}
    return mean | {name: round(mean[name]) for name in ("bytes", "zipped_bytes")}
