"""Methods x seeds, whatever the images come from."""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any

import keras

from method import Method
from roles import Layers


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
            {key: list of results, one a seed}, see `student`.
        """
        return {
            key: [self.student(key, method, seed) for seed in self.seeds]
            for key, method in self.methods.items()
        }

    @abc.abstractmethod
    def student(self, key, method, seed):
        """Trains one student, unless its result is on record; returns the result, a dict."""
