"""The state of a training after each epoch, for a run that was killed."""

import hashlib
import json
import pathlib
from collections.abc import Iterable, Sequence

import keras
import numpy as np

from tf_lpdistill import files
from tf_lpdistill.compression.training import Training


class State:
    """One file, replaced as a whole after each epoch.

    It knows its run by the verb with its settings, the student's weights, the features that the
    objective wants, and the shapes and types of the data. The images, the teacher and the weights
    of the losses it does not see.

    Args:
        training: a `Training`; its `checkpoint_dir` None keeps nothing.
        title: the verb and its settings.
        student: `fingerprint` of the student's weights at the start.
        variables: all that changes.
    """

    def __init__(
        self, training: Training, title: str, student: str, variables: Sequence[keras.Variable]
    ):
        folder = training.checkpoint_dir
        self._path = None if folder is None else pathlib.Path(folder) / "state.npz"
        self._variables = variables
        self._run = {
            "title": title,
            "epochs": training.epochs,
            "steps": training.steps,
            "learning_rate": training.learning_rate,
            "student": student,
            "objective": [type(training.objective).__name__, *training.layer_names],
            "data": str(training.dataset.element_spec),
        }

    def restore(self) -> int:
        """Sets the variables to where the killed run was.

        Returns:
            int, the number of whole epochs done; 0 in a fresh run.

        Raises:
            ValueError: when the state is damaged or that of another run.
        """
        if self._path is None or not self._path.exists():
            return 0
        try:
            archive = files.read_arrays(self._path)
            run = json.loads(str(archive["run"]))
            values = [archive[f"variable_{i}"] for i in range(len(archive) - 1)]
        except Exception as error:  # a damaged archive fails anywhere, with any error
            raise ValueError(
                f"The checkpoint is damaged ({error!r}). Received: {self._path}. Remove it to "
                "start again."
            ) from error
        done = run.pop("done")
        if run != self._run:
            differing = sorted(key for key in run | self._run if run.get(key) != self._run.get(key))
            raise ValueError(
                f"`checkpoint_dir` holds the state of another run: {differing} differ. Received: "
                f"checkpoint_dir={self._path.parent}. Give each run a folder of its own, or remove "
                "this one to start again."
            )
        for variable, value in zip(self._variables, values, strict=True):
            variable.assign(value)
        return done

    def keep(self, done: int) -> None:
        """Writes the variables after `done` whole epochs."""
        if self._path is None:
            return
        arrays = {f"variable_{i}": v.numpy() for i, v in enumerate(self._variables)}
        with files.atomic_path(self._path) as temporary:
            np.savez(temporary, run=json.dumps({**self._run, "done": done}), **arrays)


def fingerprint(weights: Iterable[np.ndarray]) -> str:
    """Returns the SHA-256 of a list of arrays as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for array in weights:
        digest.update(f"{array.shape}{array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
