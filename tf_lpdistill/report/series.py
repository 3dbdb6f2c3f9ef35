"""Which colour a method has: the same one in every chart of a page."""

from tf_lpdistill.report.run import ALONE, TEACHER

_COLORS = 6


def series(run):
    """Returns a dict from the keys of the rows to classes of the style that set their colour.

    The teacher and the lone student are grey, they are what the methods are measured against;
    the methods take the coloured classes in the order of their rows.
    """
    classes = {TEACHER: "series-teacher", ALONE: "series-alone"}
    methods = [row.key for row in run.rows if row.key not in classes]
    return classes | {key: f"series-{i % _COLORS}" for i, key in enumerate(methods)}
