"""What is trained when no objective is given: the labels alone."""

import keras

from tf_lpdistill.types import Structure, Tensor


def cross_entropy(
    x: Structure,
    y: Tensor,
    student_features: tuple[Tensor, Structure],
    sample_weight: Tensor | None = None,
) -> Tensor:
    """The cross-entropy of the student's logits with integer labels, a mean over the batch.

    It has the form of `Distiller.objective`, which takes its place when a teacher is to go on
    teaching.

    Args:
        x: ignored: no teacher looks at the inputs.
        y: (batch,) or (batch, 1) integer labels.
        student_features: `(logits, features)`: logits (batch, classes), before any softmax.
        sample_weight: (batch,) weights, or None.

    Returns:
        Scalar float32.
    """
    logits, _ = student_features
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return loss(y, keras.ops.cast(logits, "float32"), sample_weight=sample_weight)
