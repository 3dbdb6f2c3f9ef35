"""What comes beside the teacher in the first batch: predictions, labels, sample weights."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_lpdistill.types import Structure, Tensor

_SPARSE = "sparse_categorical_crossentropy"


def check_predictions(
    inputs: Structure, predictions: Structure, sample_weight: Tensor | None
) -> None:
    """Refuses predictions, and inputs, of the student that are not finite.

    Args:
        inputs: the student's inputs, any structure of batches.
        predictions: what it makes of them, any structure of batches.
        sample_weight: (batch,) or None; samples of weight 0 may hold anything.

    Raises:
        ValueError: naming the samples.
    """
    bad, bad_inputs = _not_finite(predictions), _not_finite(inputs)
    if sample_weight is not None and (bad.size or bad_inputs.size):
        counts = np.asarray(keras.ops.convert_to_numpy(sample_weight)).reshape(-1)
        bad, bad_inputs = bad[counts[bad] != 0], bad_inputs[counts[bad_inputs] != 0]
    cause = "the student's weights, or layers, make them of finite inputs"
    if np.intersect1d(bad, bad_inputs).size:
        cause = "their inputs hold NaN or infinite numbers: mend or leave out these images"
    if bad.size:
        raise ValueError(
            "The student's predictions must be finite. Received: NaN or infinite ones for samples "
            f"{bad[:5].tolist()} of the first batch; {cause}."
        )
    if bad_inputs.size:
        raise ValueError(
            "The student's inputs must be finite, even where its layers mend them: replace NaN and "
            "infinity before `fit`. Received: such numbers in samples "
            f"{bad_inputs[:5].tolist()} of the first batch."
        )


def nan_if_not_finite(loss: Tensor, inputs: Structure, sample_weight: Tensor | None) -> Tensor:
    """Makes NaN of a loss where an input of the student is not finite.

    Its predictions need not tell: on a CPU, TensorFlow's fused kernels make 0 of ReLU(NaN), while
    the weights before it become NaN.

    Args:
        loss: scalar.
        inputs: any structure of batches.
        sample_weight: samples whose weight is 0 are not looked at, where there is one weight a
            sample, (batch,) or (batch, 1); weights of another form are passed over.

    Returns:
        Scalar.
    """
    for leaf in keras.tree.flatten(inputs):
        if not isinstance(leaf, tf.Tensor) or not leaf.dtype.is_floating:
            continue
        finite = tf.math.is_finite(leaf)
        if _one_a_sample(sample_weight):
            left_out = keras.ops.equal(sample_weight, 0)
            finite |= tf.reshape(left_out, (-1, *(1 for _ in leaf.shape[1:])))
        loss = tf.where(tf.reduce_all(finite), loss, tf.cast(float("nan"), loss.dtype))
    return loss


def _one_a_sample(weights):
    return isinstance(weights, tf.Tensor) and weights.shape[1:] in ((), (1,))


def check_sample_weight(sample_weight: Tensor | None) -> None:
    """Refuses weights that are not one finite number a sample.

    Args:
        sample_weight: as it comes with the batch, or None.

    Raises:
        ValueError: for another shape, NaN or infinite weights.
    """
    if sample_weight is None:
        return
    shape = getattr(sample_weight, "shape", None)
    if shape is None or len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
        raise ValueError(
            "Distillation losses take one weight per sample, shape (batch,). Received: "
            f"sample_weight of {f'shape {tuple(shape)}' if shape else type(sample_weight)}"
        )
    bad = _not_finite(sample_weight)
    if bad.size:
        raise ValueError(
            "`sample_weight` must hold finite numbers. Received: NaN or infinite weights for "
            f"samples {bad[:5].tolist()} of the first batch"
        )


def check_labels(loss: Any, y: Structure, predictions: Structure) -> None:
    """Refuses labels that Keras would train on without a word, or with one that names nothing.

    Args:
        loss: as in `compile`.
        y: labels of the batch, any structure, or None.
        predictions: the student's, any structure.

    Raises:
        ValueError: for labels that are not finite numbers, or, with a sparse cross-entropy of one
            output, not classes of that output.
    """
    leaves = [leaf for leaf in keras.tree.flatten(y) if leaf is not None]
    for leaf in leaves:
        if tf.as_dtype(leaf.dtype) == tf.string:
            raise ValueError("Labels must be numbers. Received: y of strings; number the classes")
    bad = _not_finite(y)
    if bad.size:
        raise ValueError(
            "Labels must be finite numbers. Received: y with NaN or infinite ones for samples "
            f"{bad[:5].tolist()} of the first batch"
        )
    outputs = keras.tree.flatten(predictions)
    if len(leaves) == len(outputs) == 1 and _is_sparse(loss):
        _check_classes(keras.ops.convert_to_numpy(leaves[0]), outputs[0].shape[-1], loss)


def _check_classes(labels, classes, loss):
    ignored = getattr(loss, "ignore_class", None)
    labels = labels if ignored is None else labels[labels != ignored]
    wrong = (labels < 0) | (labels >= classes) | (labels != np.floor(labels))
    if wrong.any():
        raise ValueError(
            f"Labels must be classes from 0 to {classes - 1}, one for each of the student's "
            f"{classes} outputs. Received: y with {np.unique(labels[wrong])[:5].tolist()}"
        )


def _is_sparse(loss):
    if isinstance(loss, (list, tuple, dict)):
        loss = next(iter(keras.tree.flatten(loss)), None)
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    return isinstance(loss, keras.losses.SparseCategoricalCrossentropy) or (
        getattr(loss, "__name__", None) == _SPARSE
    )


def _not_finite(structure):
    """Positions in the batch of which some leaf of floats is not finite, int64."""
    bad = np.zeros(0, np.int64)
    for leaf in keras.tree.flatten(structure):
        if leaf is not None and tf.as_dtype(leaf.dtype).is_floating:
            values = keras.ops.convert_to_numpy(keras.ops.cast(leaf, "float32"))
            rows = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
            bad = np.union1d(bad, np.flatnonzero(rows))
    return bad
