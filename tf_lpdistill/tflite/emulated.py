"""From a student trained for int8 to the bytes of its int8 file."""

import sys
import warnings

import keras
import tensorflow as tf

from tf_lpdistill.compression import QuantizedStudent
from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.tflite.conversion import Conversion
from tf_lpdistill.tflite.runtime import quiet


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


def convert(
    student: QuantizedStudent,
    preprocessing: Preprocessing,
    add_softmax: bool,
    conversion: Conversion,
    output: str = "probability",
) -> bytes:
    """Converts with the ranges that were trained; no images are needed.

    Args:
        student: a `QuantizedStudent`.
        preprocessing: its `Preprocessing`, which becomes part of the file.
        add_softmax: whether to end in a softmax.
        conversion: a `Conversion`.
        output: name of the output.

    Returns:
        The file's bytes, without metadata, of the form that `convert.convert` makes for "int8".
    """
    kernel, bias = preprocessing.affine()
    size = (conversion.batch_size, *preprocessing.image_size, 3)

    @tf.function(input_signature=[tf.TensorSpec(size, tf.float32, "image")], autograph=False)
    def classify(image):
        # The scale of the pixels is exactly 1, whatever the images: see `calibration_inputs`.
        pixels = tf.quantization.fake_quant_with_min_max_args(image, 0.0, 255.0)
        outputs = student(tf.nn.conv2d(pixels, kernel[None, None], 1, "VALID") + bias)
        return {output: tf.nn.softmax(outputs) if add_softmax else outputs}

    # Tracing every rounding of a large student on a busy machine takes minutes: say what it does.
    print(f"Converting {student.name} with its trained ranges", file=sys.stderr)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [classify.get_concrete_function()], tf.Module()
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = tf.as_dtype(conversion.int8_input)
    with quiet(), warnings.catch_warnings():
        # The ranges of the input are in the graph; the converter looks for them elsewhere.
        warnings.filterwarnings("ignore", "Statistics for quantized inputs", UserWarning)
        return converter.convert()
