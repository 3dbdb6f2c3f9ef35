"""The test images that teacher and student name differently."""

from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.quantities import count, percent
from tf_lpdistill.report.run import STUDENT, TEACHER, Run
from tf_lpdistill.report.thumbnail import thumbnail

NAME = "disagreements"
TITLE = "Where they disagree"
ABOUT = (
    "The test images to which teacher and student give different answers, those first of which "
    "both are surest. Worth a look: some may be labelled wrongly."
)


def render(run: Run) -> Markup | None:
    """Returns the images with both answers, or `None` without any."""
    answers = run.answers
    if answers is None:
        return None
    teacher, student = answers.networks[TEACHER], answers.networks[STUDENT]
    names = run.network_names
    differ = teacher.classes != student.classes
    right = [int((n.classes == answers.labels)[differ].sum()) for n in (teacher, student)]
    text = f"{names[STUDENT]} and the teacher agree on {percent(1 - differ.mean())} of the images. "
    if differ.any():
        text += (
            f"Of the {count(int(differ.sum()))} others the teacher is right on {right[0]}, "
            f"{names[STUDENT]} on {right[1]}."
        )
    items = [_item(run, i, image) for i, image in zip(answers.shown, answers.images, strict=True)]
    return join(tag("p", text), tag("ul", items, class_="disputed") if items else None)


def _item(run, i, image):
    classes, names = run.dataset.class_names, run.network_names
    label = int(run.answers.labels[i])
    lines = []
    for network in (TEACHER, STUDENT):
        answer = int(run.answers.networks[network].classes[i])
        sure = percent(float(run.answers.networks[network].confidence[i]), 0)
        kind = None if answer == label else "wrong"
        lines += [
            tag("dt", names[network]),
            tag("dd", tag("b", classes[answer]), f" {sure}", class_=kind),
        ]
    lines += [tag("dt", "Label"), tag("dd", tag("b", classes[label]))]
    return tag("li", thumbnail(image, f"labelled {classes[label]}"), tag("dl", lines))
