"""Several teachers that run beside the student."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from tf_lpdistill.batch import Batch
from tf_lpdistill.teachers.live import LiveTeacher
from tf_lpdistill.teachers.names import split_path
from tf_lpdistill.types import Structure


class LiveEnsemble:
    """Runs each model of an ensemble once a step, as `LiveTeacher` runs one.

    Predictions are a tuple, one entry a teacher. A feature is one tensor where its name belongs to
    one teacher, and a tuple, one entry a teacher, otherwise.

    Args:
        ensemble: a `TeacherEnsemble`.
        names: names of features, as described there.

    Raises:
        ValueError: for a name that a teacher does not have; the text names the teacher.
    """

    def __init__(self, ensemble: Any, names: Sequence[str]):
        self.model = ensemble
        self.teacher_names, self.teacher_weights = ensemble.names, ensemble.weights
        self._paths = {name: split_path(name, ensemble.names) for name in names}
        named = zip(ensemble.names, ensemble.teachers, strict=True)
        self._teachers = [self._connect(name, teacher) for name, teacher in named]

    def _connect(self, name, teacher):
        paths = self._paths.values()
        wanted = [feature for owner, feature in paths if owner in (None, name) and feature]
        try:
            return LiveTeacher(teacher, wanted)
        except ValueError as error:
            others = "', '".join(f"{each}/<layer>" for each in self.model.names)
            raise ValueError(
                f"{error} A name without a teacher's name in front is looked up in every teacher "
                f"of the ensemble; name the layer of each as ('{others}'), or that of one."
            ) from error

    def check_inputs(self, inputs: Structure) -> None:
        """Raises `ValueError` for inputs that one of the models was not built for."""
        for teacher in self._teachers:
            teacher.check_inputs(inputs)

    def outputs(self, batch: Batch) -> tuple[Structure, dict[str, Structure]]:
        """Returns `(predictions, features)` of a `Batch`."""
        return self._join([teacher.outputs(batch) for teacher in self._teachers])

    def output_specs(self, inputs: Structure) -> tuple[Structure, dict[str, Structure]]:
        """Returns the symbolic `(predictions, features)` for symbolic inputs."""
        return self._join([teacher.output_specs(inputs) for teacher in self._teachers])

    def _join(self, outputs):
        by_teacher = dict(zip(self.model.names, outputs, strict=True))

        def pick(owner, name):
            if owner is None:
                return tuple(pick(teacher, name) for teacher in by_teacher)
            predictions, features = by_teacher[owner]
            return predictions if name is None else features[name]

        return pick(None, None), {path: pick(*parts) for path, parts in self._paths.items()}

    def fingerprint(self) -> str:
        """Returns one fingerprint of all models, their order and their weights."""
        prints = [teacher.fingerprint() for teacher in self._teachers]
        parts = json.dumps([prints, self.model.weights])
        return hashlib.sha256(parts.encode()).hexdigest()
