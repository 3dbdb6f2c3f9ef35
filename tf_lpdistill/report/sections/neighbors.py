"""A few images, and which images each model takes for their nearest."""

from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.png import data_uri
from tf_lpdistill.report.run import ALONE, TEACHER

NAME = "neighbours"
TITLE = "Neighbours"
ABOUT = (
    "An image and its nearest neighbours in three feature spaces. The locality preserving loss "
    "asks the student to keep the teacher\N{RIGHT SINGLE QUOTATION MARK}s."
)

_PIXELATED = 48  # pixels: images up to this size are shown with their pixels as squares


def render(run):
    """Returns a row of images a query, or `None` without neighbours."""
    grid = run.neighbors
    if grid is None:
        return None
    exported = run.row(run.exported) if run.exported else None
    student = exported.name if exported else "Student"
    columns = [
        (_name(run, TEACHER, "Teacher"), grid.teacher, False),
        (student, grid.student, True),
        (_name(run, ALONE, "Student alone"), grid.alone, True),
    ]
    queries = [_query(run, grid, i, columns) for i in range(len(grid.images))]
    return join(_summary(columns), _legend(), tag("div", queries, class_="queries"))


def _name(run, key, otherwise):
    row = run.row(key)
    return row.name if row else otherwise


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
    query = tag("figure", _image(grid.images[i], names[label]), _caption(names[label]))
    groups = [
        tag(
            "div",
            tag("p", name, class_="model"),
            tag("ol", _neighbors(found, i, label, names, compared)),
            class_="model-neighbors",
        )
        for name, found, compared in columns
    ]
    about = f"Query {i + 1}: {names[label]}"
    return tag("div", query, groups, class_="query", role="group", aria_label=about)


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
        items.append(tag("li", _image(image, alt), _caption(name, "span"), class_=kinds))
    return items


def _image(image, alt):
    height, width = image.shape[:2]
    pixelated = "pixelated" if max(height, width) <= _PIXELATED else None
    # `alt` may be empty for an image without a name, but it has to be there.
    return tag("img", src=Markup(data_uri(image)), alt=alt, class_=pixelated)


def _caption(name, element="figcaption"):
    return tag(element, name, title=name if len(name) > 6 else None)
