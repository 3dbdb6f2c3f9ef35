"""The gradient of each part of the total, on the weights of the student alone."""

import dataclasses
from collections.abc import Callable

import keras
import tensorflow as tf
from keras import ops

from tf_lpdistill.batch import unpack
from tf_lpdistill.distiller import Distiller
from tf_lpdistill.ops import replicas


@dataclasses.dataclass(frozen=True)
class Gradient:
    """What one part of the total does to the student at this moment.

    Args:
        value: the part itself, unweighted.
        norm: Euclidean norm of its gradient on all trainable weights of the student; 0.0 where it
            reaches none.
        own_norm: the same on the weights of the loss itself, its adapters; None where it has none.
    """

    value: float
    norm: float
    own_norm: float | None = None


def part_gradients(distiller: Distiller) -> Callable[..., dict[str, Gradient]]:
    """Makes a function that computes each part's gradient on a batch, as a training step would.

    The student runs in training mode: what it moves is for the caller to put back (`unchanged`).
    Replicas share the batch.

    Args:
        distiller: a built `Distiller`.

    Returns:
        Function from a batch `(x, y, sample_weight)` of tensors of this process, y and weights or
        None, to {name: `Gradient`}: "student_loss", where there are labels and a compiled loss,
        then the terms under their names. Parts are unweighted.
    """
    strategy = distiller.distribute_strategy

    def step(data):
        return strategy.run(lambda: _step(distiller, data))

    # Several replicas want a graph; for one the trace would take longer than the step.
    run = tf.function(step, autograph=False) if strategy.num_replicas_in_sync > 1 else step

    def measured(data):
        with strategy.scope():
            results = keras.tree.map_structure(replicas.local, run(data))
        # One value a replica, the same on all of them: the first tells it.
        return {
            name: Gradient(*(float(ops.reshape(part, (-1,))[0]) for part in parts))
            for name, parts in results.items()
        }

    return measured


def _step(distiller, data):
    x, y, sample_weight = keras.tree.map_structure(_own_rows, data)
    batch, variables = unpack(x), distiller.student.trainable_variables
    wiring, optimizer = distiller.wiring, getattr(distiller, "optimizer", None)
    step = optimizer.iterations if optimizer else tf.zeros((), "int64")
    teacher_outputs, values = wiring.teacher_outputs(batch), {}
    with tf.GradientTape(persistent=True) as tape:
        student_outputs = wiring.student_outputs(batch, training=True)
        if y is not None and distiller.loss is not None:
            values["student_loss"] = replicas.unscale(
                distiller.compute_loss(x, y, student_outputs[0], sample_weight, training=True)
            )
        found = wiring.values(batch, y, sample_weight, teacher_outputs, student_outputs, step)
        values |= {term.name: value for term, value in zip(wiring.terms, found, strict=True)}
        scaled = {name: replicas.scale(value) for name, value in values.items()}
    own = {term.name: getattr(term.loss, "trainable_variables", []) for term in wiring.terms}
    results = {}
    for name, value in scaled.items():
        parts = [_sum_over_replicas(value), _norm(tape.gradient(value, variables))]
        if own.get(name):
            parts.append(_norm(tape.gradient(value, own[name])))
        results[name] = tuple(ops.reshape(part, (1,)) for part in parts)
    return results


def _own_rows(tensor):
    """This replica's part of the batch."""
    context = tf.distribute.get_replica_context()
    if tensor is None or context.num_replicas_in_sync == 1:
        return tensor
    return tensor[context.replica_id_in_sync_group :: context.num_replicas_in_sync]


def _norm(gradients):
    gradients = [tf.convert_to_tensor(part) for part in gradients if part is not None]
    squares = [ops.sum(ops.square(_sum_over_replicas(part))) for part in gradients]
    return ops.sqrt(sum(squares, ops.zeros(())))


def _sum_over_replicas(tensor):
    context = tf.distribute.get_replica_context()
    tensor = ops.cast(tensor, "float32")
    if context.num_replicas_in_sync == 1:
        return tensor
    return context.all_reduce(tf.distribute.ReduceOp.SUM, tensor)
