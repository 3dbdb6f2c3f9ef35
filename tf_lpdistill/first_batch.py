"""A look at the first batch in Python, before the first step is traced and run.

Checks inside a compiled step are lost (XLA drops asserts) or come too late; these see the very
batch that the first step will use, and hand it on, so that nothing is skipped or read twice.
"""

import itertools
from collections.abc import Callable, Iterator

import keras
import tensorflow as tf

from tf_lpdistill.batch import unpack
from tf_lpdistill.losses.base import Loss
from tf_lpdistill.ops.replicas import is_shared, num_replicas, to_host
from tf_lpdistill.ops.rows import leave_out
from tf_lpdistill.supervision import check_labels, check_predictions, check_sample_weight
from tf_lpdistill.taps import check_inputs
from tf_lpdistill.terms import Term
from tf_lpdistill.types import Structure


class FirstBatchCheck:
    """Wraps a Keras train function: `check` sees the first batch after each `expect()`.

    Args:
        train_function: what `keras.Model.make_train_function` makes.
        check: called with the first batch as the input pipeline yields it.
        single_step: whether the train function runs one step a call.
    """

    def __init__(
        self, train_function: Callable, check: Callable[[Structure], None], single_step: bool
    ):
        self._train_function = train_function
        self._check = check
        self._single_step = single_step
        self._expected = True

    def expect(self) -> None:
        """Makes the next call check its batch."""
        self._expected = True

    def __call__(self, iterator: Iterator) -> Structure:
        """Runs the train function on the iterator, after the check where one is due."""
        if not self._expected:
            return self._train_function(iterator)
        data = next(iterator)
        self._check(keras.tree.map_structure(_none_for_optional, data))
        self._expected = False
        if self._single_step and isinstance(iterator, tf.data.Iterator):
            return self._train_function(_replay(data, iterator.element_spec))
        if self._single_step and isinstance(iterator, tf.distribute.DistributedIterator):
            return self._run_distributed(data, iterator.element_spec)
        return self._train_function(itertools.chain([data], iterator))

    def _run_distributed(self, data, spec):
        """Runs one step on a batch as if it came from the iterator: no second trace of the step."""

        def step():
            batch = tf.nest.map_structure(_relaxed, data, spec, expand_composites=True)
            return self._train_function(iter([batch]))

        return tf.function(step, autograph=False)()


def _none_for_optional(leaf):
    """Keras fills what a generator leaves out (`(x, None)`) with empty Optionals."""
    return None if isinstance(leaf, tf.experimental.Optional) else leaf


def _replay(data, spec):
    """An iterator over one batch, of the very type of the original: no second trace."""

    def relax(*parts):
        leaves = zip(tf.nest.flatten(parts), tf.nest.flatten(spec), strict=True)
        return tf.nest.pack_sequence_as(
            spec, [_relaxed(leaf, leaf_spec) for leaf, leaf_spec in leaves]
        )

    return iter(tf.data.Dataset.from_tensors(data).map(relax))


def _relaxed(leaf, spec):
    if not isinstance(spec, tf.TensorSpec) or leaf.shape == spec.shape:
        return leaf
    return tf.raw_ops.PlaceholderWithDefault(input=leaf, shape=spec.shape)


def check_first_batch(distiller: keras.Model, data: Structure) -> None:
    """Runs teacher and student once on the global batch and lets every loss look at it.

    Args:
        distiller: the compiled `Distiller`.
        data: a batch, possibly of distributed values.

    Raises:
        ValueError: for an optimizer that counts wrong, missing labels or loss, weights or ids of
            samples that cannot be used, and what the losses find.
    """
    data = keras.utils.unpack_x_y_sample_weight(keras.tree.map_structure(to_host, data))
    check_inputs_and_labels(distiller, data)
    outputs = distiller.wiring.outputs(unpack(data[0]))
    check_student_outputs(distiller, outputs, data)
    for term in distiller.wiring.terms:
        check_term(term, outputs, data)


def check_inputs_and_labels(distiller: keras.Model, data: Structure) -> None:
    """Refuses what no forward pass is needed to see.

    Args:
        distiller: the compiled `Distiller`.
        data: `(x, y, sample_weight)` of tensors of this process.

    Raises:
        ValueError: for an optimizer that counts wrong, missing labels or loss, inputs, weights or
            ids of samples that cannot be used.
    """
    x, y, sample_weight = data
    batch = unpack(x)
    _check_optimizer(distiller.optimizer)
    _check_supervision(distiller, y)
    check_sample_weight(sample_weight)
    _check_sample_id(batch.sample_id)
    check_inputs(distiller.student, batch.inputs)
    distiller.wiring.teacher.check_inputs(batch.inputs)


def check_student_outputs(distiller: keras.Model, outputs: Structure, data: Structure) -> None:
    """Refuses predictions that do not belong to the inputs, and labels without an output.

    Args:
        distiller: the compiled `Distiller`.
        outputs: `(teacher's, student's)` predictions and features on the batch.
        data: as for `check_inputs_and_labels`.

    Raises:
        ValueError: see `supervision`.
    """
    x, y, sample_weight = data
    check_predictions(unpack(x).inputs, outputs[1][0], sample_weight)
    check_labels(distiller.loss, y, outputs[1][0])


def check_term(term: Term, outputs: Structure, data: Structure) -> None:
    """Lets one loss look at what it would be computed on.

    Args:
        term: one of the distiller's terms.
        outputs: as for `check_student_outputs`.
        data: as for `check_inputs_and_labels`.

    Raises:
        ValueError: what the loss finds.
    """
    x, y, sample_weight = data
    features = leave_out(term.select(*outputs), sample_weight)
    known = {"y": y, "sample_id": unpack(x).sample_id} if isinstance(term.loss, Loss) else {}
    term.loss.validate_outputs(*features, **known)


def _check_optimizer(optimizer):
    if not all(map(is_shared, optimizer.variables)):
        raise ValueError(
            "The optimizer was made outside `strategy.scope()`, so that each of the "
            f"{num_replicas()} replicas counts every step once more, and schedules run ahead. "
            "Call `compile`, and make the optimizer, inside the scope. Received: "
            f"optimizer={optimizer!r}"
        )


def _check_supervision(distiller, y):
    if distiller.student_loss_weight == 0:
        return
    missing = "labels" if y is None else "a loss" if distiller.loss is None else None
    if missing:
        raise ValueError(
            f"The student's supervised loss needs {missing}: pass labels to `fit` and "
            "`loss=` to `compile`, or make the Distiller with student_loss_weight=0 to train on "
            f"the teacher alone. Received: student_loss_weight={distiller.student_loss_weight}"
        )


def _check_sample_id(sample_id):
    if sample_id is None:
        return
    shape, dtype = tuple(sample_id.shape), tf.as_dtype(sample_id.dtype)
    if len(shape) != 1 or not dtype.is_integer:
        raise ValueError(
            "`sample_id` must hold one position in the training set for each sample, integers of "
            f"shape (batch,), as data.with_sample_ids makes them. Received: sample_id of shape "
            f"{shape} and dtype {dtype.name}"
        )
