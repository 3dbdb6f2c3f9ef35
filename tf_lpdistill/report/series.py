"""Which colour a method has: the same one in every chart of a page."""

from tf_lpdistill.report.run import ALONE, TEACHER, Run

_COLORS = 6
OTHER = "series-other"
"""The class of a method that has no colour of its own."""


def series(run: Run) -> dict[str, str]:
    """Returns a dict from the keys of the rows to classes of the style that set their colour.

    The teacher and the lone student are grey, they are what the methods are measured against;
    the methods take the coloured classes in the order of their rows. Of more methods than there
    are colours, the most accurate ones are coloured and the others share a light grey.
    """
    grey = {TEACHER: "series-teacher", ALONE: "series-alone"}
    # Where several runs are compared, each has a teacher of its own: "RUN/teacher".
    kinds = {row.key: row.key.rpartition("/")[2] for row in run.rows}
    classes = grey | {key: grey[kind] for key, kind in kinds.items() if kind in grey}
    methods = [row for row in run.rows if row.key not in classes]
    colored = sorted(methods, key=lambda row: row.mean, reverse=True)[:_COLORS]
    numbers = iter(range(_COLORS))
    return classes | {
        row.key: f"series-{next(numbers)}" if row in colored else OTHER for row in methods
    }


def others(run: Run) -> int:
    """Returns how many methods have no colour of their own."""
    return list(series(run).values()).count(OTHER)


def note(run: Run, what: str) -> str | None:
    """Returns a sentence on the methods without a colour, or `None` where all have one.

    Args:
        run: the `Run`.
        what: what the chart does with them, such as "are drawn in grey".
    """
    number = others(run)
    if not number:
        return None
    return (
        f"Of {number + _COLORS} methods the {_COLORS} with the highest test accuracy are coloured "
        f"and named; the other {number} {what}."
    )
