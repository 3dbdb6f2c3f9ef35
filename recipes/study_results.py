r"""Makes the tables and plots of the study from its raw rows: what `make results` runs.

python recipes/study_results.py                           # from docs/results/locality/runs.csv
python recipes/study_results.py --run_dir runs/study      # with the runs of a study added first
"""

import pathlib

from absl import flags

import common
from locality import headline, page, parts, plots, raw, sweeps, tables
from locality.cells import CELLS
from locality.records import Records
from tf_lpdistill import files

FLAGS = flags.FLAGS
ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs" / "results"
STUDIED = [name for name in CELLS if name not in ("digits_plain", "mnist_fitnets")]


def blocks(rows, folder):
    """Draws the plots into a folder and returns {name of a block of the page: Markdown}."""
    found = {
        "teachers": sweeps.teachers(rows),
        "full_mnist": sweeps.full_mnist(rows),
        "failures": sweeps.failures(rows),
        "progress": sweeps.progress(rows),
    }
    for cell in STUDIED:
        plot = f"{cell}.svg"
        drawn = plots.methods(cell, rows, folder / plot)
        picture = f"![{CELLS[cell].title}]({folder.name}/{plot})" if drawn else ""
        shown = [picture, tables.accuracy(cell, rows), tables.reasons(cell, rows)]
        found[cell] = "\n\n".join(filter(None, shown))
    for name in parts.SWEEPS:
        plot = f"sweep_{name}.svg"
        drawn = plots.sweep(name, rows, folder / plot)
        table = sweeps.sweep(name, rows)
        found[f"sweep_{name}"] = f"![{name}]({folder.name}/{plot})\n\n{table}" if drawn else table
    return found


def first_page(rows):
    """{name of a block of the README: Markdown}."""
    return {"study": headline.table(rows)}


def main():
    """Adds new runs, then makes the page anew."""
    folder = pathlib.Path(FLAGS.out_dir) / "locality"
    if FLAGS.run_dir:
        runs = Records(pathlib.Path(FLAGS.run_dir)).read().values()
        studied = [row for row in runs if row["cell"] != "digits_plain"]
        new = raw.merge(folder / "runs.csv", studied)
        print(f"{new} new runs of {len(studied)}")
    rows = raw.read(folder / "runs.csv")
    made = {FLAGS.readme: first_page(rows), folder.with_suffix(".md"): blocks(rows, folder)}
    for path, found in made.items():
        text = page.fill(pathlib.Path(path).read_text(encoding="utf-8"), found)
        files.write_text(path, text)
        print(f"{path}: {len(rows)} runs")


if __name__ == "__main__":
    flags.DEFINE_string("run_dir", None, "Folder of a study whose runs are added first.")
    flags.DEFINE_string("out_dir", str(DOCS), "Folder of locality.md and locality/.")
    flags.DEFINE_string("readme", str(ROOT / "README.md"), "The page that gets the short table.")
    common.run_recipe(main)
