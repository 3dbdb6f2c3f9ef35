"""A few images, and which images each model takes for their nearest."""

from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.run import ALONE, STUDENT, TEACHER, Run
from tf_lpdistill.report.thumbnail import thumbnail

NAME = "neighbours"
TITLE = "Neighbours"
ABOUT = (
    "An image and its nearest neighbours in three feature spaces. The locality preserving loss "
    "asks the student to keep the teacher\N{RIGHT SINGLE QUOTATION MARK}s."
)


def render(run: Run) -> Markup | None:
    """Returns a row of images a query, or `None` without neighbours."""
    grid = run.neighbors
    if grid is None:
        return None
    names = run.network_names
    columns = [
        (names[TEACHER], grid.teacher, False),
        (names[STUDENT], grid.student, True),
        (names[ALONE], grid.alone, True),
    ]
    queries = [_query(run, grid, i, columns) for i in range(len(grid.images))]
    return join(_summary(columns), _legend(), tag("div", queries, class_="queries"))


def _summary(columns):
    shares = [
        f"{int(found.shared.sum())} of {found.shared.size} for {name}"
        for name, found, compared in columns
        if compared
    ]
    text = "Neighbours below that are also the teacher\N{RIGHT SINGLE QUOTATION MARK}s: "
    return tag("p", f"{text}{', '.join(shares)}.")


def _legend():
    kinds = [("shared", "also a neighbour for the teacher"), ("wrong", "of another class")]
    items = [tag("li", tag("i", class_=f"key {kind}"), text) for kind, text in kinds]
    return tag("ul", items, class_="legend")


def _query(run, grid, i, columns):
    names = run.dataset.class_names
    label = int(grid.labels[i])
    query = tag("figure", thumbnail(grid.images[i], names[label]), _caption(names[label]))
    groups = [
        tag(
            "div",
            tag("p", name, class_="model"),
            tag("ol", _neighbors(found, i, label, names, compared)),
            class_="model-neighbors",
        )
        for name, found, compared in columns
    ]
    about = f"Query {i + 1}: {names[label]}. " + " ".join(_finding(*c, i, label) for c in columns)
    return tag("div", query, groups, class_="query", role="group", aria_label=about)


def _finding(name, found, compared, i, label):
    """How many neighbours are of the query's class, and how many the teacher's too, in words."""
    number = len(found.labels[i])
    text = f"{name}: {int((found.labels[i] == label).sum())} of {number} neighbours of this class"
    shared = f", {int(found.shared[i].sum())} shared with the teacher" if compared else ""
    return f"{text}{shared}."


def _neighbors(found, i, label, names, compared):
    items = []
    neighbors = zip(found.images[i], found.labels[i], found.shared[i], strict=True)
    for image, neighbor_label, shared in neighbors:
        name = names[int(neighbor_label)]
        wrong, shared = int(neighbor_label) != label, bool(shared) and compared
        alt = ", ".join(
            filter(
                None,
                [name, wrong and "another class", shared and "also a neighbour for the teacher"],
            )
        )
        kinds = " ".join(filter(None, [wrong and "wrong", shared and "shared"])) or None
        items.append(tag("li", thumbnail(image, alt), _caption(name, "span"), class_=kinds))
    return items


def _caption(name, element="figcaption"):
    return tag(element, name, title=name if len(name) > 6 else None)
