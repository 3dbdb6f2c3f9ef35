"""Tables for those who do not see a chart: a screen reader finds them, the eye does not."""

from collections.abc import Iterable, Sequence

from tf_lpdistill.report.markup import Markup, tag


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str | float]]) -> Markup:
    """Returns the values of a chart as a table that is not drawn.

    Args:
        caption: what the table holds; it stands beside a chart whose label says the main thing.
        heads: names of the columns.
        rows: iterable of rows, each as many texts or numbers as there are heads; the first names
            the row.

    Returns:
        `Markup`.
    """
    head = tag("tr", [tag("th", name, scope="col") for name in heads])
    body = [
        tag("tr", tag("th", first, scope="row"), [tag("td", value) for value in values])
        for first, *values in rows
    ]
    whole = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", body))
    return tag("div", whole, class_="spoken")
