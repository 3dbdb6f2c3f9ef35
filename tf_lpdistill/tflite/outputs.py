"""What the Keras student makes of pictures: the numbers that its files must give."""

import keras
import numpy as np

from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.tflite import student as students


def of_student(
    student: keras.Model,
    preprocessing: Preprocessing,
    images: np.ndarray,
    is_classifier: bool = True,
) -> tuple[bool, np.ndarray]:
    """Runs the Keras student in float32, as it is exported.

    Args:
        student: the model.
        preprocessing: its `Preprocessing`.
        images: (n, height, width, 1 or 3) pixels 0..255, of the size that the student takes.
        is_classifier: False for embeddings, which are given as they are.

    Returns:
        `(softmax_added, outputs)`: whether the student returns logits, so that a softmax was
        added; and (n, classes) float32 probabilities, or (n, dimensions) embeddings.

    Raises:
        ValueError: when the outputs are not finite, or neither logits nor probabilities.
    """
    call = students.reference(student, preprocessing, channels=images.shape[-1])
    outputs = np.stack([call(image) for image in images])
    students.check_finite(outputs)
    if not is_classifier or not students.needs_softmax(student, outputs):
        return False, outputs
    return True, np.array(keras.ops.softmax(outputs))
