"""The end of a run: learning curves, results.json and the report in its folder."""

import machine
from results import phone, readings, tables
from results.rows import FIELDS, method_rows, teacher_row
from teaching import curves
from tf_lpdistill import files, report


def finish(run, rows, seeds, reading, *, exported=None, failed=(), **more):
    """Writes history.csv, results.json and report.html; prints the reading and the report's path.

    Args:
        run: the started `Run`.
        rows: list of dicts, the rows of the table, see `rows`.
        seeds: list of seeds.
        reading: what the table says, in words.
        exported: key of the row whose student was exported to `phone/`, or None.
        failed: dicts of name, key and reason of what could not be trained.
        **more: further entries of results.json.
    """
    curves.gather_curves(run, [row["key"] for row in rows])
    outcome = {
        "rows": [{field: row[field] for field in sorted(row, key=FIELDS.index)} for row in rows],
        "failures": list(failed) or None,
        "seeds": seeds,
        "reading": reading,
        "exported": exported,
        "hardware": machine.hardware(),
    }
    files.write_json(run.path("results.json"), outcome | more)
    print(f"\n{reading}\n\nReport: {report.write_report(run.directory)}")


def finish_comparison(comparison, results, *, published=None, chosen=None, note="", **more):
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
    rows, failed = method_rows(comparison.methods, results, seeds, chosen)
    rows.insert(0, teacher_row(comparison.teacher, comparison.test_accuracy(comparison.teacher)))
    tables.write_methods(trainer.run.path("results.csv"), rows, failed)
    best = next((row for row in rows if row["best"]), None)
    refused = best and phone.deliver(comparison, trainer, results, best, rows[0])
    tables.METHODS.show(rows, failed)
    words = [readings.of_methods(rows, failed), note, refused]
    if published is not None:
        print("\n" + "\n".join(published.lines(rows)))
        words.append(published.sentence(rows))
    exported = best["key"] if best and not refused else None
    words = " ".join(filter(None, words))
    finish(trainer.run, rows, seeds, words, exported=exported, failed=failed, **more)
