"""The table that closes a recipe: on the terminal, in results.csv, and what it says in words."""

import csv
import dataclasses
import statistics
import textwrap
from collections.abc import Callable

from tf_lpdistill import files


def mean_sd(shares, between=" ±"):
    """The mean of some shares in per cent and, of several, the standard deviation: a text."""
    percent = [100 * share for share in shares]
    spread = f"{between}{statistics.stdev(percent):.2f}" if len(percent) > 1 else ""
    return f"{statistics.mean(percent):.2f}{spread}"


@dataclasses.dataclass(frozen=True)
class Table:
    """A table on the terminal.

    Args:
        width: characters of the names, at least.
        columns: (title, characters, field of a row, function that turns it into text).
        note: what is said below it.
    """

    width: int
    columns: tuple[tuple[str, int, str, Callable], ...]
    note: str

    def show(self, rows, failed=()):
        """Prints the rows, of which what was not measured stays empty, then the failures."""
        width = max(self.width, *(len(row["name"]) + 3 for row in rows))
        titles = "".join(title.rjust(room) for title, room, *_ in self.columns)
        print(f"\n{'':{width}}{titles}")
        for row in rows:
            cells = (
                ("" if row.get(field) is None else text(row[field])).rjust(room)
                for _, room, field, text in self.columns
            )
            print(f"{('* ' if row['best'] else '  ') + row['name']:{width}}{''.join(cells)}")
        for failure in failed:
            reason = textwrap.shorten(failure["reason"], 90, placeholder=" ...")
            print(f"{'  ' + failure['name']:{width}}  not trained: {reason}")
        print(self.note)


def _files(tflite):
    float32, int8 = tflite["float32"], tflite["int8"]
    return (
        f"{float32['bytes'] / 1024:>9.1f} KB{int8['bytes'] / 1024:>9.1f} KB"
        f"{100 * int8['accuracy']:>12.2f}{int8['latency_ms']:>8.3f} ms"
    )


METHODS = Table(
    26,
    (
        ("best epoch %", 16, "accuracy", mean_sd),
        ("last epoch %", 16, "last_accuracy", mean_sd),
        ("params", 10, "parameters", "{:,}".format),
        ("extra", 10, "extra_parameters", "{:,}".format),
        ("time", 8, "relative_time", "{:.2f}x".format),
    ),
    "Test accuracy, mean ± sd over the seeds. * and the best epoch: chosen on the validation "
    "images.\nExtra: parameters trained beside the student and left behind. Time: median of a "
    "training step, against\nthe student alone; other work on this computer distorts it.",
)
STUDENTS = Table(
    16,
    (
        ("accuracy %", 16, "accuracy", mean_sd),
        ("overlap", 9, "neighborhood_overlap", lambda shares: f"{statistics.mean(shares):.3f}"),
        ("params", 11, "parameters", "{:,}".format),
        (f"{'float32':>12}{'int8':>12}{'int8 acc %':>12}{'latency*':>11}", 0, "tflite", _files),
    ),
    "* exported to phone/ (chosen on validation images). Latency: int8 on this computer.",
)


def write_csv(path, columns, rows):
    """Writes dicts as a CSV file: of each what the columns name, or nothing."""
    with files.atomic_path(path) as temporary:
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)


def write_methods(path, rows, failed):
    """Writes a line a method: means and standard deviations in per cent, costs, failures."""
    columns = (
        "key name seeds accuracy_mean accuracy_sd last_accuracy_mean last_accuracy_sd parameters "
        "extra_parameters step_ms relative_time failed"
    ).split()
    lines = [row | _spreads(row) | {"seeds": len(row["accuracy"])} for row in rows]
    lines += [failure | {"failed": failure["reason"]} for failure in failed]
    write_csv(path, columns, lines)


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
