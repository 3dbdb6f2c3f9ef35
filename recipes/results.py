"""The end of a run: learning curves, `results.json` and the report in its folder."""

import curves
import machine
from tf_lpdistill import files, report


def write(run, rows, seeds, reading, *, exported=None, failures=(), **more):
    """Writes history.csv, results.json and report.html; prints the reading and the report's path.

    Args:
        run: the started `Run`.
        rows: list of dicts, the rows of the table, each with its "key".
        seeds: list of seeds.
        reading: what the table says, in words.
        exported: key of the row whose student was exported to `phone/`, or None.
        failures: dicts of name, key and reason of what could not be trained.
        **more: further entries of results.json.
    """
    curves.gather_curves(run, [row["key"] for row in rows])
    outcome = {
        "rows": rows,
        "failures": list(failures) or None,
        "seeds": seeds,
        "reading": reading,
        "exported": exported,
        "hardware": machine.hardware(),
    }
    files.write_json(run.path("results.json"), outcome | more)
    print(f"\n{reading}\n\nReport: {report.write_report(run.directory)}")
