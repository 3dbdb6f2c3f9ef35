"""Ways to teach a student about photos: losses, augmentation and length that belong together."""

import dataclasses

from methods import METHODS, Method, Term


@dataclasses.dataclass(frozen=True)
class Preset:
    """A way to teach.

    Args:
        key: of the method, for tables and folders.
        method: the `Method`.
        augment: steps of the `Augmentation`, for teacher and student.
        epochs: of each student.
        patience: epochs without a better validation accuracy; None trains to the end.
    """

    key: str
    method: Method
    augment: tuple[str, ...]
    epochs: int
    patience: int | None


PRESETS = {
    # KD and the locality preserving loss at the weights of recipes/digits.py: ours.
    "standard": Preset("kd_lp", METHODS["kd_lp"], ("flip", "zoom"), 30, 10),
    # Beyer et al. 2021, "A good teacher is patient and consistent" (arXiv 2106.05237): the student
    # learns from the teacher alone, on the same view, mixed in any proportion, for very long. The
    # temperature is ours; theirs was searched. More epochs are better still.
    "funmatch": Preset(
        "funmatch",
        Method("FunMatch", (Term("soft_target", 1.0, arguments={"temperature": 2.0}),), 0.0),
        ("flip", "zoom", "mixup"),
        300,
        None,
    ),
}
