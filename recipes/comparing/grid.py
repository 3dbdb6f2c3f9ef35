"""Methods x seeds, whatever the images come from; each student is trained once."""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any

import keras

from comparing.method import Method
from roles import Layers
from tf_lpdistill import files


@dataclasses.dataclass(frozen=True)
class Grid(abc.ABC):
    """What is compared.

    Args:
        trainer: what fits the students.
        teacher: the trained `keras.Model`.
        build_student: function without arguments that makes a student.
        layers: the `Layers` of both.
        methods: {key: `Method`}.
        seeds: list of seeds, the same for all methods.
        epochs: epochs of each student.
    """

    trainer: Any
    teacher: keras.Model
    build_student: Callable
    layers: Layers
    methods: dict[str, Method]
    seeds: list[int]
    epochs: int

    def run(self):
        """Trains all students that have no result yet.

        Returns:
            {key: list of results, one a seed}, see `teach`.
        """
        return {key: [self.student(key, seed) for seed in self.seeds] for key in self.methods}

    def student(self, key, seed):
        """Trains one student, unless its result is on record; returns the result, a dict."""
        title = self.methods[key].title
        return train_once(self.trainer, key, title, seed, self.epochs, self.teach)

    @abc.abstractmethod
    def teach(self, trainer, key, seed):
        """Trains and measures one student, see `train_once`."""


def train_once(trainer, key, title, seed, epochs, teach):
    """Trains a student, unless its result is on record from an earlier try.

    Args:
        trainer: the `Trainer` or `StreamTrainer` of the run.
        key: of its method.
        title: of its method.
        seed: of its weights and of all draws.
        epochs: of its training.
        teach: function of a trainer in the student's folder, the key and the seed, that trains the
            student and leaves its files there. It returns the result, a dict of plain values, and
            what to say of it; of several workers only the chief's count.

    Returns:
        The result; `result.json` in the student's folder, written last, keeps it for the next try.
    """
    trainer = trainer.within("students", f"{key}_seed{seed}")
    run, progress, path = trainer.run, trainer.progress, trainer.folder / "result.json"
    if run.has(path):
        progress.skip(epochs)
        return files.read_sealed_json(path)
    progress.begin(f"{title}, seed {seed}")
    keras.utils.set_random_seed(seed)
    result, said = teach(trainer, key, seed)
    if run.chief:
        files.write_sealed_json(path, result)
        progress.say(f"{title}, seed {seed}: {said}")
    return result
