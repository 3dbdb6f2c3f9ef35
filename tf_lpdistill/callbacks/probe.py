"""The samples that are looked at again and again while a student trains."""

import dataclasses
from collections.abc import Iterable

import keras
import numpy as np

from tf_lpdistill.batch import unpack
from tf_lpdistill.distiller import Distiller
from tf_lpdistill.guidance.evidence import read
from tf_lpdistill.guidance.labels import as_classes
from tf_lpdistill.guidance.layers import penultimate
from tf_lpdistill.guidance.unchanged import unchanged
from tf_lpdistill.ops.replicas import local, spans_workers
from tf_lpdistill.taps import Tap
from tf_lpdistill.teachers import connect
from tf_lpdistill.types import Structure


@dataclasses.dataclass(frozen=True)
class Sight:
    """Features of the probe, float32.

    Args:
        teacher: (n, ...) the teacher's; None where it gives more than one tensor.
        student: (n, ...) the student's in inference mode, as a phone would see them.
        settled: (n, ...) the student's with BatchNormalization's statistics of the probe, as
            training sees them; without such layers, those in inference mode.
        num_classes: outputs of the student; None where it gives no scores.
    """

    teacher: np.ndarray | None
    student: np.ndarray
    settled: np.ndarray
    num_classes: int | None


class Probe:
    """A batch, and the layer of teacher and student that is looked at.

    Args:
        distiller: a built `Distiller`.
        dataset: batches as `fit` takes them; the first is the probe.
        teacher_layer_name: the teacher's feature; None: that of the first loss that names one
            layer of each, else the layer before the output, or the output where a network does not
            tell its layers.
        student_layer_name: the same for the student.

    Raises:
        ValueError: for a data set without a batch, and names that a model does not have.
    """

    def __init__(
        self,
        distiller: Distiller,
        dataset: Iterable[Structure],
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
    ):
        self._distiller = distiller
        self.data = next(read(dataset))
        names = _layers(distiller)
        self.teacher_layer_name = teacher_layer_name or names[0]
        self.student_layer_name = student_layer_name or names[1]
        self._teacher = connect(distiller.teacher, _listed(self.teacher_layer_name))
        self._tap = Tap(distiller.student, _listed(self.student_layer_name))

    @property
    def inputs(self) -> Structure:
        """The inputs of the student, a tensor or a structure of them."""
        return unpack(self.data[0]).inputs

    @property
    def labels(self) -> np.ndarray | None:
        """(n,) integers, or None: there are no labels, or they are no classes."""
        return as_classes(self.data[1])

    def look(self) -> Sight:
        """Runs teacher and student on the probe, and leaves both as they were.

        Returns:
            A `Sight`.
        """
        batch = unpack(self.data[0])
        with unchanged(self._distiller.student):
            predictions, features = self._tap(batch.inputs, training=False)
            teacher = self._teacher.outputs(batch)
            student = _feature(predictions, features, self.student_layer_name)
            settled = self._settled(batch.inputs, student)
        outputs = keras.tree.flatten(predictions)
        return Sight(
            _feature(*teacher, self.teacher_layer_name),
            student,
            settled,
            outputs[0].shape[-1] if len(outputs) == 1 and len(outputs[0].shape) == 2 else None,
        )

    def _settled(self, inputs, student):
        """The student's feature once its moving statistics are those of the probe.

        They start at 0 and 1 and need some steps a layer to follow: in a deep network that has
        just begun, features in inference mode are all alike, and those of training are not.
        Dropout takes part in the statistics, as in training, and not in the feature.
        """
        norms = list(_norms(self._distiller.student))
        if not norms:
            return student
        momenta = [norm.momentum for norm in norms]
        try:
            for norm in norms:
                norm.momentum = 0.0  # the statistics of the last batch alone
            self._tap(inputs, training=True)
        finally:
            for norm, momentum in zip(norms, momenta, strict=True):
                norm.momentum = momentum
        return _feature(*self._tap(inputs, training=False), self.student_layer_name)


def _norms(model):
    """Yields the BatchNormalization layers of a model, those of nested models too."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _norms(layer)
        elif isinstance(layer, keras.layers.BatchNormalization):
            yield layer


def check_model(name: str, model: object) -> None:
    """Refuses what a callback cannot look at.

    Args:
        name: the callback's.
        model: what it is to watch.

    Raises:
        ValueError: for a model that is not a `Distiller`, and several workers.
    """
    if not isinstance(model, Distiller):
        raise ValueError(f"`{name}` looks at a tf_lpdistill.Distiller. Received: model={model!r}")
    if spans_workers(model.distribute_strategy):
        raise ValueError(
            f"`{name}` looks from one process, on any number of its devices; under several workers "
            "leave it out. Received: a MultiWorkerMirroredStrategy"
        )


def _layers(distiller):
    """The layers of the first loss that names one of each, else those before the outputs."""
    for term in distiller.wiring.terms:
        names = [getattr(term.loss, f"{who}_layer_name", None) for who in ("teacher", "student")]
        if all(isinstance(name, str) for name in names):
            return names
    models = (distiller.teacher, distiller.student)
    names = [penultimate(model) if isinstance(model, keras.Model) else None for model in models]
    return names if all(names) else (None, None)


def _listed(name):
    return [] if name is None else [name]


def _feature(predictions, features, name):
    feature = predictions if name is None else features[name]
    if isinstance(feature, (tuple, list, dict)):
        return None
    return np.asarray(keras.ops.cast(local(feature), "float32"))
