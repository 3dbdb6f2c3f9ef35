"""A way to train a student: losses with their weights and layers, or stages of its own."""

import dataclasses
from collections.abc import Callable
from typing import Any

from tf_lpdistill import losses


@dataclasses.dataclass(frozen=True)
class MethodTerm:
    """One loss of a method, before it is known for which networks.

    Args:
        loss: its name for `losses.get`.
        weight: a number, or a function of the `Apprentice` that returns one, or a schedule.
        role: what it compares, a role for `Layers.pair`; or a function of the `Layers` that returns
            a list of pairs, each of which becomes a loss.
        arguments: further arguments, or a function of the `Apprentice` that returns them.
    """

    loss: str
    weight: float | Callable
    role: str | Callable = "outputs"
    arguments: dict[str, Any] | Callable = dataclasses.field(default_factory=dict)

    def make(self, job):
        """Returns a list of (loss, weight)."""
        layers = job.layers
        pairs = self.role(layers) if callable(self.role) else [layers.pair(self.role)]
        weight = self.weight(job) if callable(self.weight) else self.weight
        arguments = self.arguments(job) if callable(self.arguments) else self.arguments
        return [(losses.get(self.loss)(*pair, **arguments), weight) for pair in pairs]


@dataclasses.dataclass(frozen=True)
class Method:
    """A row of the comparison.

    Args:
        title: its name in tables.
        terms: the losses beside the labels; none is the student alone.
        label_weight: weight of the labels.
        stages: function of the `Apprentice` that trains it in another way than in one stage.
    """

    title: str
    terms: tuple[MethodTerm, ...] = ()
    label_weight: float = 1.0
    stages: Callable | None = None

    def train(self, job):
        """Trains the `Apprentice`."""
        if self.stages is not None:
            self.stages(job)
            return
        made = [part for term in self.terms for part in term.make(job)]
        model = job.student
        if made:
            terms, weights = map(list, zip(*made, strict=True))
            model = job.distiller(terms, weights, self.label_weight)
        job.train(model, job.epochs)


def where_it_fits(loss):
    """A `role` for a loss that nobody has placed, by its name for `losses.get`.

    It is the pooled features, or the outputs for a loss that wants teacher and student equally
    wide.
    """

    def pairs(layers):
        try:
            losses.get(loss)().ensure_built((None, 2), (None, 3))
        except ValueError:
            return [layers.pair("outputs")]
        return [layers.pair("features")]

    return pairs
