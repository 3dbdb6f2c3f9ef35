"""The place of a teacher that was not saved with the distiller."""


class AbsentTeacher:
    """Stands for the teacher in a loaded distiller until one is given.

    Args:
        fingerprint: of the teacher that the distiller was trained with.
    """

    model = None
    teacher_names, teacher_weights = (), None

    def __init__(self, fingerprint):
        self._fingerprint = fingerprint

    def source(self, names):
        """Returns itself: no feature of it is known."""
        return self

    def outputs(self, batch):
        """Refuses: there is nothing to run."""
        self.refuse()

    def refuse(self):
        """Raises `RuntimeError`; the text says how to load the distiller whole."""
        raise RuntimeError(
            "This Distiller was loaded without its teacher, which is not part of the saved file: "
            "it predicts and evaluates. To train on, load it with "
            "tf_lpdistill.Distiller.load(path, teacher=teacher)."
        )

    def fingerprint(self):
        """Returns the fingerprint of the teacher that is missing."""
        return self._fingerprint
