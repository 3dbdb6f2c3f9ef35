"""Plots of the study as SVG files whose bytes depend on the rows alone. Needs matplotlib."""

from locality import parts
from locality.cells import CELLS
from locality.intervals import mean
from locality.tables import by_seed, setting
from methods import METHODS
from tf_lpdistill import files

_STYLE = {
    "svg.hashsalt": "tf_lpdistill",  # names of clip paths are random otherwise
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_HIGHLIGHTED = ("alone", "soft_target", "locality_preserving", "kd_lp")


def methods(cell, rows, path):
    """Draws the test accuracy of each method of a cell, with 95 % intervals and every seed.

    Args:
        cell: key of `cells.CELLS`.
        rows: all rows.
        path: of the SVG file.

    Returns:
        Whether there was anything to draw.
    """
    finals = [row for row in rows if (row["part"], row["cell"]) == ("final", cell)]
    found = {key: list(by_seed(finals, "test_accuracy", method=key).values()) for key in METHODS}
    found = {key: values for key, values in found.items() if values}
    order = sorted(found, key=lambda key: mean(found[key]).mean)
    labels = [METHODS[key].title for key in order]
    colors = ["C3" if key in _HIGHLIGHTED else "C0" for key in order]
    return _draw([found[key] for key in order], labels, colors, "test accuracy %",
                 CELLS[cell].title, path)  # fmt: skip


def sweep(name, rows, path):
    """Draws what one argument of LP does, on the validation images; see `methods`."""
    own = [row for row in rows if row["part"] == f"sweep_{name}"]
    values, labels = [], []
    for wanted in reversed(parts.SWEEPS[name]):
        runs = [row for row in own if row["setting"] == wanted]
        scores = list(by_seed(runs, "validation_accuracy").values())
        if scores:
            values.append(scores)
            labels.append(setting(wanted))
    colors = ["C0"] * len(values)
    return _draw(values, labels, colors, "validation accuracy %", f"LP: {name}", path)


def _draw(values, labels, colors, axis, title, path):
    if not values:
        return False
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with matplotlib.rc_context(_STYLE):
        figure, axes = pyplot.subplots(figsize=(6.4, 0.9 + 0.24 * len(values)), layout="tight")
        for y, (scores, color) in enumerate(zip(values, colors, strict=True)):
            found = mean(scores)
            axes.plot([100 * score for score in scores], [y] * len(scores), ".", color="0.7")
            if found.number > 1:
                axes.plot([100 * found.low, 100 * found.high], [y, y], color=color)
            axes.plot(100 * found.mean, y, "o", color=color)
        axes.set_yticks(range(len(values)), labels)
        axes.set_xlabel(axis)
        axes.set_title(title)
        axes.grid(axis="x", color="0.9")
        with files.atomic_path(path) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None, "Creator": None})
        pyplot.close(figure)
    return True
