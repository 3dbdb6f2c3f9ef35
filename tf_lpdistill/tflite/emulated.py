"""What is different about a student that was trained for int8."""

import keras

from tf_lpdistill.compression import QuantizedStudent
from tf_lpdistill.tflite.conversion import Conversion


def take_apart(
    student: keras.Model | QuantizedStudent,
) -> tuple[keras.Model, QuantizedStudent | None]:
    """Tells a quantization-aware student from a Keras model.

    Args:
        student: what an export was given.

    Returns:
        `(float student, quantized student)`; the second is None for a Keras model.
    """
    if isinstance(student, QuantizedStudent):
        return student.student, student
    return student, None


def check_conversion(conversion: Conversion) -> None:
    """Refuses layers kept in float: which ranges a student needs was decided when it was trained.

    Raises:
        ValueError: when there are some.
    """
    if conversion.float_layers:
        raise ValueError(
            "A quantization-aware student is computed in int8 as it was trained. Received: "
            f"float_layers={list(conversion.float_layers)}. Export its `.student` to choose layers "
            "that stay in float."
        )
