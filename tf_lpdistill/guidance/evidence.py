"""What is looked at: some labelled samples, and what teacher and student make of them."""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_lpdistill.batch import Batch, unpack
from tf_lpdistill.distiller import Distiller
from tf_lpdistill.guidance.labels import as_classes
from tf_lpdistill.guidance.layers import penultimate
from tf_lpdistill.losses import LocalityPreserving
from tf_lpdistill.losses.relational import RelationalLoss
from tf_lpdistill.ops.replicas import to_host
from tf_lpdistill.taps import Tap
from tf_lpdistill.teachers import split_path
from tf_lpdistill.terms import Term
from tf_lpdistill.types import Structure

# The losses that compare samples with each other by one feature.
RELATIONAL = (LocalityPreserving, RelationalLoss)


@dataclasses.dataclass(frozen=True)
class Teacher:
    """One teacher.

    Args:
        title: "The teacher", or with its name in an ensemble.
        model: the `keras.Model`; None for one of which only a cache is left.
        predictions: (n, classes) float32; None where it gives something else.
        features: (n, ...) float32 of the layer before its logits; or None.
        layer: that layer's name as a loss gives it, in an ensemble behind the teacher's; or None.
    """

    title: str
    model: Any
    predictions: np.ndarray | None
    features: np.ndarray | None
    layer: str | None


@dataclasses.dataclass(frozen=True)
class Evidence:
    """One look at the wiring; n samples that count, the ones of weight 0 left out.

    Args:
        distiller: the built `Distiller`.
        data: the first batch, `(x, y, sample_weight)` of tensors.
        outputs: `(teacher's, student's)` predictions and features on it, in inference mode.
        counted: n.
        inputs: (n, ...) float32 where the input is one tensor, else None.
        labels: (n,) integers, or None: there are none, they are no classes, or no sample counts.
        teachers: {name, "" for a single one: `Teacher`}.
        student: (n, classes) float32 predictions; None where it gives something else.
        relational: {term: (n, ...) teacher features} of the losses that compare samples.
    """

    distiller: Any
    data: tuple
    outputs: tuple
    counted: int
    inputs: np.ndarray | None
    labels: np.ndarray | None
    teachers: dict[str, Teacher]
    student: np.ndarray | None
    relational: dict[str, np.ndarray]

    @property
    def terms(self) -> tuple[Term, ...]:
        """The distiller's terms."""
        return self.distiller.wiring.terms

    @property
    def batch(self) -> Batch:
        """The first batch's input, a `Batch`."""
        return unpack(self.data[0])

    @property
    def batch_size(self) -> int:
        """Samples in the first batch, over all replicas."""
        return int(keras.tree.flatten(self.batch.inputs)[0].shape[0])

    @property
    def labels_out_of_range(self) -> bool:
        """Whether the student has no output for some label, so that no step can be made."""
        if self.labels is None or self.student is None:
            return False
        return bool(self.labels.min() < 0 or self.labels.max() >= self.student.shape[1])

    def teacher_of(self, term: Term) -> Teacher | None:
        """The `Teacher` whose feature a term compares; None for one that compares several."""
        names = self.distiller.wiring.teacher.teacher_names
        path = getattr(term.loss, "teacher_layer_name", None)
        if isinstance(path, tuple):
            return None
        return self.teachers.get(split_path(path, names)[0] or "" if names else "")


def gather(distiller: Distiller, dataset: Iterable[Structure], num_samples: int) -> Evidence:
    """Reads batches and runs teacher and student on them, in inference mode.

    Args:
        distiller: a built `Distiller`.
        dataset: batches as `fit` takes them.
        num_samples: how many samples to look at, at least the first batch.

    Returns:
        `Evidence`.

    Raises:
        ValueError: for a data set without a batch.
    """
    first, seen, rows = None, 0, []
    members = teacher_models(distiller)
    taps = {name: _penultimate_tap(model) for name, model in members.items()}
    for data in read(dataset):
        batch = unpack(data[0])
        outputs = distiller.wiring.outputs(batch)
        first = first or (data, outputs)
        rows.append(_row(distiller, data, batch, outputs, taps))
        seen += len(keras.tree.flatten(batch.inputs)[0])
        if seen >= num_samples:
            break
    joined = {key: _join([row[key] for row in rows]) for key in rows[0]}
    teachers = {
        name: Teacher(
            f"The teacher {name!r}" if name else "The teacher",
            model,
            joined[f"teacher {name}"],
            joined[f"features {name}"],
            "/".join(filter(None, (name, taps[name].names[0]))) if taps[name] else None,
        )
        for name, model in members.items()
    }
    return Evidence(
        distiller,
        *first,
        len(joined["counted"]),
        joined["inputs"],
        joined["labels"] if len(joined["counted"]) else None,
        teachers,
        joined["student"],
        {term.name: joined[f"term {term.name}"] for term in distiller.wiring.terms},
    )


def read(dataset: Iterable[Structure]) -> Iterator[tuple[Structure, ...]]:
    """Yields the batches of a data set as tensors of this process: `(x, y, sample_weight)`.

    Args:
        dataset: batches as `fit` takes them.

    Raises:
        ValueError: when there is none, and for what can be read only once.
    """
    if isinstance(dataset, Iterator):
        raise ValueError(
            "`dataset` must be one that can be read again, or a look would take its batches from "
            "the training. Give a list of batches, or tf.data.Dataset.from_generator(...) around "
            f"the function that makes the generator. Received: dataset={dataset!r}"
        )
    empty = True
    for data in dataset:
        empty = False
        data = keras.utils.unpack_x_y_sample_weight(data)
        yield keras.tree.map_structure(_as_tensor, data)
    if empty:
        raise ValueError(
            "`dataset` must give at least one batch, as for `fit`. Received: "
            f"dataset={dataset!r}, which is empty"
        )


def _as_tensor(value):
    return None if value is None else tf.convert_to_tensor(to_host(value))


def ensure_built(distiller: Distiller, dataset: Iterable[Structure]) -> None:
    """Builds a distiller whose student has not seen its inputs yet, on all of its replicas.

    Args:
        distiller: a `Distiller`.
        dataset: batches as `fit` takes them.
    """
    if not distiller.built:
        with distiller.distribute_strategy.scope():  # outside, its weights would be one replica's
            distiller(next(read(dataset))[0])


def teacher_models(distiller: Distiller) -> dict[str, keras.Model | None]:
    """Lists the models of a distiller's teachers.

    Args:
        distiller: a `Distiller`.

    Returns:
        {name: `keras.Model`} of an ensemble, {"": model} of one teacher; None in the place of a
        model that only a cache is left of.
    """
    source = distiller.wiring.teacher
    teacher = source.model
    models = getattr(teacher, "teachers", None)
    if models is None:
        models = [teacher if isinstance(teacher, keras.Model) else None] * max(
            len(source.teacher_names), 1
        )
    return dict(zip(source.teacher_names or ("",), models, strict=True))


def _penultimate_tap(model):
    layer = penultimate(model) if model is not None else None
    return Tap(model, [layer]) if layer else None


def _row(distiller, data, batch, outputs, taps):
    """One batch's arrays, each of the samples that count, or None."""
    (predictions, _), (student, _) = outputs
    _, y, sample_weight = data
    counts = slice(None)
    if sample_weight is not None:
        counts = np.asarray(sample_weight).reshape(-1) > 0
    several = distiller.wiring.teacher.teacher_names
    predictions = predictions if several else (predictions,)
    labels = as_classes(y)
    row = {
        "counted": np.ones(len(keras.tree.flatten(batch.inputs)[0]))[counts],
        "inputs": _array(batch.inputs, counts),
        "labels": labels if labels is None else labels[counts],
        "student": _scores(student, counts),
    }
    for (name, tap), output in zip(taps.items(), predictions, strict=True):
        row[f"teacher {name}"] = _scores(output, counts)
        tapped = tap(batch.inputs, training=False)[1][tap.names[0]] if tap else None
        row[f"features {name}"] = _array(tapped, counts)
    for term in distiller.wiring.terms:
        compares = isinstance(term.loss, RELATIONAL)
        row[f"term {term.name}"] = _array(term.select(*outputs)[0] if compares else None, counts)
    return row


def _array(tensor, counts):
    if tensor is None or isinstance(tensor, (tuple, list, dict)):
        return None
    return np.asarray(keras.ops.cast(tensor, "float32"))[counts]


def _scores(output, counts):
    scores = _array(output, counts)
    return scores if scores is not None and scores.ndim == 2 and scores.shape[1] > 1 else None


def _join(parts):
    return None if any(part is None for part in parts) else np.concatenate(parts)
