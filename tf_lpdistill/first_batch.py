"""A look at the first batch in Python, before the first step is traced and run.

Checks inside a compiled step are lost (XLA drops asserts) or come too late; these see the very
batch that the first step will use, and hand it on, so that nothing is skipped or read twice.
"""

import itertools

import keras
import tensorflow as tf

from tf_lpdistill.batch import unpack
from tf_lpdistill.ops.replicas import to_host
from tf_lpdistill.taps import symbolic_inputs


class FirstBatchCheck:
    """Wraps a Keras train function: `check` sees the first batch after each `expect()`.

    Args:
        train_function: what `keras.Model.make_train_function` makes.
        check: called with the first batch as the input pipeline yields it.
        single_step: whether the train function runs one step a call.
    """

    def __init__(self, train_function, check, single_step):
        self._train_function = train_function
        self._check = check
        self._single_step = single_step
        self._expected = True

    def expect(self):
        """Makes the next call check its batch."""
        self._expected = True

    def __call__(self, iterator):
        """Runs the train function on the iterator, after the check where one is due."""
        if not self._expected:
            return self._train_function(iterator)
        data = next(iterator)
        self._check(keras.tree.map_structure(_none_for_optional, data))
        self._expected = False
        if self._single_step and isinstance(iterator, tf.data.Iterator):
            return self._train_function(_replay(data, iterator.element_spec))
        return self._train_function(itertools.chain([data], iterator))


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
    if not isinstance(spec, tf.TensorSpec):
        return leaf
    return tf.raw_ops.PlaceholderWithDefault(input=leaf, shape=spec.shape)


def check_first_batch(distiller, teacher, student_tap, terms, data):
    """Runs teacher and student once on the global batch and lets every loss look at it.

    Args:
        distiller: the `Distiller` (for `loss` and `student_loss_weight`).
        teacher: where the teacher's outputs come from, see `tf_lpdistill.teachers`.
        student_tap: a `Tap` of the student; called with `training=False`.
        terms: the distiller's terms.
        data: a batch, possibly of distributed values.

    Raises:
        ValueError: for missing labels or loss, weights of samples that cannot be used, and what
            the losses find.
    """
    data = keras.tree.map_structure(to_host, data)
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    batch = unpack(x)
    _check_supervision(distiller, y)
    _check_sample_weight(sample_weight)
    for model in (distiller.teacher, distiller.student):
        check_inputs(model, batch.inputs)
    teacher_outputs = teacher.outputs(batch)
    student_outputs = student_tap(batch.inputs, training=False)
    for term in terms:
        features = term.select(teacher_outputs, student_outputs)
        term.loss.validate_outputs(*features)


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


def _check_sample_weight(sample_weight):
    if sample_weight is None:
        return
    shape = getattr(sample_weight, "shape", None)
    if shape is None or len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
        raise ValueError(
            "Distillation losses take one weight per sample, shape (batch,). Received: "
            f"sample_weight of {f'shape {tuple(shape)}' if shape else type(sample_weight)}"
        )


def check_inputs(model, inputs):
    """Checks inputs against what a model was built for, in clearer words than the model's own.

    Args:
        model: a `keras.Model`, or None; one without symbolic inputs takes anything.
        inputs: a batch, concrete or symbolic.

    Raises:
        ValueError: when a dimension differs.
    """
    expected = symbolic_inputs(model)
    # A model fed by the names of its inputs is left to Keras, which sorts and checks them.
    if expected is None or _keys(expected) != _keys(inputs):
        return
    for tensor, spec in zip(keras.tree.flatten(inputs), keras.tree.flatten(expected), strict=False):
        pairs = zip(tensor.shape[1:], spec.shape[1:], strict=False)
        if len(tensor.shape) == len(spec.shape) and any(s not in (None, t) for t, s in pairs):
            raise ValueError(
                f"The model {model.name!r} takes inputs of shape {tuple(spec.shape)}. Received: "
                f"a batch of shape {tuple(tensor.shape)}. A teacher with another input size or "
                "scaling belongs into a model that resizes and rescales first."
            )


def _keys(inputs):
    return sorted(inputs) if isinstance(inputs, dict) else None
