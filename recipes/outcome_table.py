"""The table of a comparison: on the terminal and as `results.csv`."""

import csv
import statistics
import textwrap

from tf_lpdistill import files


def write_csv(path, rows, failures):
    """Writes a line a method: means and standard deviations in per cent, costs, failures."""
    columns = (
        "key name seeds accuracy_mean accuracy_sd last_accuracy_mean last_accuracy_sd parameters "
        "extra_parameters step_ms relative_time failed"
    ).split()
    with files.atomic_path(path) as temporary:
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
            writer.writeheader()
            for row in rows:
                writer.writerow(row | _spreads(row) | {"seeds": len(row["accuracy"])})
            for failure in failures:
                writer.writerow(failure | {"failed": failure["reason"]})


def _spreads(row):
    """Means and standard deviations of a row in per cent."""
    spreads = {}
    for name in ("accuracy", "last_accuracy"):
        percent = [100 * value for value in row.get(name, ())]
        if percent:
            spreads[f"{name}_mean"] = round(statistics.mean(percent), 4)
        if len(percent) > 1:
            spreads[f"{name}_sd"] = round(statistics.stdev(percent), 4)
    return spreads


def print_table(rows, failures):
    """Prints the rows as a table, then the failures."""
    print(
        f"\n{'':26}{'best epoch %':>16}{'last epoch %':>16}{'params':>10}{'extra':>10}{'time':>8}"
    )
    for row in rows:
        spreads = _spreads(row)
        cells = [_mean_sd(spreads, name) for name in ("accuracy", "last_accuracy")]
        extra, time = row.get("extra_parameters"), row.get("relative_time")
        print(
            f"{('* ' if row['best'] else '  ') + row['name']:26}{cells[0]:>16}{cells[1]:>16}"
            f"{row['parameters']:>10,}{'' if extra is None else f'{extra:,}':>10}"
            f"{f'{time:.2f}x' if time else '':>8}"
        )
    for failure in failures:
        reason = textwrap.shorten(failure["reason"], 90, placeholder=" ...")
        print(f"  {failure['name']:24}  not trained: {reason}")
    print(
        "Test accuracy, mean ± sd over the seeds. * and the best epoch: chosen on the validation "
        "images.\nExtra: parameters trained beside the student and left behind. Time: median of a "
        "training step, against\nthe student alone; other work on this computer distorts it."
    )


def _mean_sd(spreads, name):
    if f"{name}_mean" not in spreads:
        return ""
    sd = spreads.get(f"{name}_sd")
    return f"{spreads[f'{name}_mean']:.2f}" + ("" if sd is None else f" ±{sd:.2f}")
