"""From a Keras student to the bytes of a `.tflite` file, in four precisions."""

import re

import tensorflow as tf

from tf_lpdistill.tflite import calibration
from tf_lpdistill.tflite.runtime import quiet
from tf_lpdistill.tflite.student import float32_compute, frozen

PRECISIONS = ("float32", "float16", "dynamic", "int8")


def phone_function(student, preprocessing, add_softmax):
    """Returns the whole way from a picture to probabilities as one concrete function.

    Args:
        student: a built Keras classifier.
        preprocessing: its `Preprocessing`, which becomes part of the function.
        add_softmax: whether to end in a softmax (the student returns logits).

    Returns:
        A concrete function from `image`, RGB pixels 0..255, (1, height, width, 3) float32, to
        `probability`, (1, classes) float32.
    """

    kernel, bias = preprocessing.affine()

    @tf.function(
        input_signature=[tf.TensorSpec((1, *preprocessing.image_size, 3), tf.float32, "image")],
        autograph=False,
    )
    def classify(image):
        # One 1x1 convolution, not a subtraction and a division: the converter folds a Rescaling
        # of the student into it, where a chain of scalings loses all but a few int8 levels.
        inputs = tf.nn.conv2d(image, kernel[None, None], strides=1, padding="VALID") + bias
        outputs = frozen_student(inputs)
        return {"probability": tf.nn.softmax(outputs) if add_softmax else outputs}

    with float32_compute(student):
        frozen_student = frozen(student)
        return classify.get_concrete_function()


def convert(function, precision, images=None):
    """Converts a `phone_function` to a `.tflite` file of built-in operations only.

    float32 and float16 keep float32 in and out (float16 stores the weights in half the bytes);
    "dynamic" stores the weights in int8; "int8" also computes in int8.
    An int8 file takes uint8 pixels, since MediaPipe refuses int8 input. It returns float32: the
    same 256 levels as a uint8 output and the same accuracy (measured on four models), but a
    probability for whoever reads it without looking at the output's scale.

    Args:
        function: what `phone_function` returned.
        precision: one of `PRECISIONS`.
        images: for "int8": (n, height, width, 3) uint8 images to calibrate with.

    Returns:
        The file's bytes, without metadata.

    Raises:
        ValueError: when the student uses operations that are not built into TensorFlow Lite, or
            overflows.
        RuntimeError: when the converter fails otherwise.
    """
    owner = tf.Module()
    owner.captured = function.variables  # none of a Keras model, those of a SavedModel
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], owner)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        inputs = calibration.calibration_inputs(images)
        calibration.check_finite_activations(convert(function, "float32"), inputs)
        converter.representative_dataset = lambda: ([image[None]] for image in inputs)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
    try:
        with quiet():
            return converter.convert()
    except Exception as error:  # ConverterError is not public
        raise _explained(error, precision) from error


def _explained(error, precision):
    """Turns the converter's pages of MLIR into one sentence."""
    foreign = re.findall(r"^(?:TF Select|Custom) ops: (.+)$", str(error), flags=re.MULTILINE)
    if foreign:
        ops = sorted({name.strip() for line in foreign for name in line.split(",")})
        return ValueError(
            "The student must use operations that are built into TensorFlow Lite; the Flex "
            f"delegate that others need is not on phones. Received: {', '.join(ops)} "
            f"(precision {precision!r}). Replace the layers that make them, for example "
            "gelu by gelu(approximate=True), or lgamma by a polynomial."
        )
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return RuntimeError(f"The conversion to {precision!r} failed: {lines[0]}")
