"""The place of a teacher that was not saved with the distiller."""

from tf_lpdistill.batch import Batch
from tf_lpdistill.types import Structure


class AbsentTeacher:
    """Stands for the teacher in a loaded distiller until one is given.

    Args:
        fingerprint: of the teacher that the distiller was trained with.
    """

    model = None
    teacher_names, teacher_weights = (), None

    def __init__(self, fingerprint: str | None):
        self._fingerprint = fingerprint

    def outputs(self, batch: Batch) -> tuple[Structure, dict[str, Structure]]:
        """Refuses a `batch`: there is nothing to run.

        Raises:
            RuntimeError: always; the text says how to load the distiller whole.
        """
        raise RuntimeError(
            "This Distiller was loaded without its teacher, which is not part of the saved file: "
            "it predicts and evaluates. To train on, load it with "
            "tf_lpdistill.Distiller.load(path, teacher=teacher)."
        )

    def fingerprint(self) -> str | None:
        """Returns the fingerprint of the teacher that is missing."""
        return self._fingerprint
