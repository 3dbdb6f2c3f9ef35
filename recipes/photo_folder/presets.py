"""Ways to teach a student about photos: losses, augmentation and length that belong together."""

import dataclasses

from comparing.method import Method, MethodTerm


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


_KD_LP = (
    MethodTerm("soft_target", 0.1, arguments={"temperature": 4.0}),
    # Ours: at 0.3, which suits MNIST, the features of a MobileNet that learns from scratch
    # collapsed within an epoch, and with them its accuracy (docs/results/photos.md).
    MethodTerm("locality_preserving", 0.01, "features", {"num_neighbors": 5}),
)

PRESETS = {
    "standard": Preset("kd_lp", Method("KD + LP", _KD_LP), ("flip", "zoom"), 30, 10),
    # Beyer et al. 2021, "A good teacher is patient and consistent" (arXiv 2106.05237): the student
    # learns from the teacher alone, on the same view, mixed in any proportion, for very long. The
    # temperature is ours. There, more epochs were better still.
    "funmatch": Preset(
        "funmatch",
        Method("FunMatch", (MethodTerm("soft_target", 1.0, arguments={"temperature": 2.0}),), 0.0),
        ("flip", "zoom", "mixup"),
        300,
        None,
    ),
}
