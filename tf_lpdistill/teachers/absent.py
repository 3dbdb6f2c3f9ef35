"""The place of a teacher that was not saved with the distiller."""

from collections.abc import Sequence
from typing import NoReturn, Self

from tf_lpdistill.batch import Batch


class AbsentTeacher:
    """Stands for the teacher in a loaded distiller until one is given.

    Args:
        fingerprint: of the teacher that the distiller was trained with.
    """

    model = None
    teacher_names: tuple[str, ...] = ()
    teacher_weights: tuple[float, ...] | None = None

    def __init__(self, fingerprint: str | None):
        self._fingerprint = fingerprint

    def source(self, names: Sequence[str]) -> Self:
        """Returns itself, whatever the `names`: no feature of it is known."""
        return self

    def outputs(self, batch: Batch) -> NoReturn:
        """Refuses a `batch`: there is nothing to run."""
        self.refuse()

    def refuse(self) -> NoReturn:
        """Raises `RuntimeError`; the text says how to load the distiller whole."""
        raise RuntimeError(
            "This Distiller was loaded without its teacher, which is not part of the saved file: "
            "it predicts and evaluates. To train on, load it with "
            "tf_lpdistill.Distiller.load(path, teacher=teacher)."
        )

    def fingerprint(self) -> str | None:
        """Returns the fingerprint of the teacher that is missing."""
        return self._fingerprint
