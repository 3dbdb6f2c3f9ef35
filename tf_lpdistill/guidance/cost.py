"""What each method costs beside teacher and student: parameters, operations, memory."""

import concurrent.futures
import dataclasses
import math
from collections.abc import Sequence

import keras
import tensorflow as tf

from tf_lpdistill.guidance import traced
from tf_lpdistill.losses import Loss
from tf_lpdistill.structure import symbolic_inputs
from tf_lpdistill.teachers import AnyTeacher
from tf_lpdistill.terms import build_losses, check_losses, make_terms
from tf_lpdistill.wiring import Wiring


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one loss adds to a training step; nothing of it is left at export.

    Args:
        name: name of the loss.
        parameters: numbers that are trained beside the student.
        weight_bytes: all numbers that the loss keeps, those that are not trained (a memory bank)
            too, in bytes.
        step_bytes: the most that is alive at once of what a step computes, forward and backward,
            the gradients of the weights among it; without the features themselves.
        operations: arithmetic of a step, forward and backward; a multiplication and its addition
            count 2.
    """

    name: str
    parameters: int
    weight_bytes: int
    step_bytes: int
    operations: int


@dataclasses.dataclass(frozen=True)
class CostTable:
    """The costs of several losses; `print` shows them, `markdown()` gives a table for a page.

    Args:
        batch_size: samples of a step.
        rows: a `Cost` for each loss, in the order in which they were given.
    """

    batch_size: int
    rows: tuple[Cost, ...]

    def _lines(self):
        head = (f"batch {self.batch_size}", "parameters", "weights", "step", "operations")
        return [head, *map(_cells, self.rows)]

    def markdown(self) -> str:
        """Returns the table in Markdown, several lines."""
        head, *rows = self._lines()
        lines = [head, ("---",) * len(head), *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def __str__(self):
        lines = self._lines()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
            for line in lines
        )


def cost(
    teacher: AnyTeacher,
    student: keras.Model,
    losses: Loss | Sequence[Loss],
    batch_size: int = 128,
) -> CostTable:
    """Says what losses would cost for a pair of networks, before anything is trained.

    The losses are built for the pair's features, and their step is traced, not run: nothing of
    their size is allocated, however large it is. The networks' own costs, the optimizer's slots
    and what devices send to each other are not counted.

    Args:
        teacher: a `keras.Model`, `TeacherEnsemble` or `TeacherCache`, as for `Distiller`.
        student: a `keras.Model` with symbolic inputs (Functional or Sequential).
        losses: a loss or a list of losses, of yours too; they are left as they are.
        batch_size: samples of a step on one device, >= 2.

    Returns:
        `CostTable`, a row for each loss. See `Cost` for what is counted, and
        `guidance.traced` for how operations and memory are read off a graph.

    Raises:
        ValueError: for losses that do not fit the pair, or a wrong argument.

    Examples:
        >>> from tf_lpdistill import models
        >>> from tf_lpdistill.losses import LocalityPreserving
        >>> table = cost(models.digits_teacher(), models.digits_student(),
        ...              LocalityPreserving("features", "features"))
        >>> table.rows[0].parameters
        0
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 2:
        raise ValueError(f"`batch_size` must be an integer >= 2. Received: batch_size={batch_size}")
    inputs = symbolic_inputs(student)
    if inputs is None:
        raise ValueError(
            "`student` must be a Functional or Sequential model that is built, so that the shapes "
            f"of its features are known. Received: student={student!r}"
        )
    losses = check_losses(losses)
    wiring = Wiring.of(teacher, student, make_terms(losses, [1.0] * len(losses)))
    features = wiring.output_specs(inputs)
    # A thread of its own: weights that are made and never filled stay in Keras's list of the
    # thread, and would be filled at the next occasion.
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        rows = list(
            thread.map(lambda term: _row(term, features, wiring.teacher, batch_size), wiring.terms)
        )
    return CostTable(batch_size, tuple(rows))


def _row(term, features, source, batch_size):
    with keras.StatelessScope(initialize_variables=False):
        if isinstance(term.loss, Loss):
            copied = type(term.loss).from_config(term.loss.get_config())
            term = dataclasses.replace(term, loss=copied)
        build_losses([term], *features, ensemble=bool(source.teacher_names))
    trained = list(getattr(term.loss, "trainable_variables", ()))
    others = list(getattr(term.loss, "non_trainable_variables", ()))
    step = _trace(term, features, source, batch_size, trained, others)
    return Cost(
        term.name,
        sum(math.prod(variable.shape) for variable in trained),
        sum(math.prod(v.shape) * tf.as_dtype(v.dtype).size for v in trained + others),
        traced.peak_bytes(step.graph, step.outputs),
        traced.operations(step.graph, step.outputs),
    )


def _trace(term, features, source, batch_size, trained, others):
    """A step of one loss as a concrete function of features and weights; it is never run."""

    def step(teacher, student, own, kept, extras):
        values = zip(trained + others, own + kept, strict=True)
        watched = keras.tree.flatten(student) + own
        with (
            keras.StatelessScope(values, initialize_variables=False),
            tf.GradientTape(watch_accessed_variables=False) as tape,
        ):
            tape.watch(watched)
            value = term.value(teacher, student, **extras, teacher_weights=source.teacher_weights)
        return [value, *(g for g in tape.gradient(value, watched) if g is not None)]

    def spec(tensor):
        return tf.TensorSpec((batch_size, *tensor.shape[1:]), tensor.dtype)

    extras = {
        "y": tf.TensorSpec((batch_size,), tf.int32),
        "sample_id": tf.TensorSpec((batch_size,), tf.int64),
        "step": tf.TensorSpec((), tf.int64),
    }
    weights = [[tf.TensorSpec(v.shape, v.dtype) for v in group] for group in (trained, others)]
    specs = [keras.tree.map_structure(spec, outputs) for outputs in features]
    return tf.function(step, autograph=False).get_concrete_function(*specs, *weights, extras)


def _cells(row):
    return (
        row.name,
        f"{row.parameters:,}",
        _binary(row.weight_bytes),
        _binary(row.step_bytes),
        _decimal(row.operations),
    )


def _binary(number):
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if number >= 1024**power:
            return f"{number / 1024**power:.2f} {unit}"
    return f"{number} B"


def _decimal(number):
    for power, unit in ((12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if number >= 10**power:
            return f"{number / 10**power:.2f} {unit}"
    return str(number)
