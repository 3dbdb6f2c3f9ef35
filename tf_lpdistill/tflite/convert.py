"""From a Keras student to the bytes of a `.tflite` file, in five precisions."""

import re
import warnings
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import tensorflow as tf

from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.tflite import calibration, selective
from tf_lpdistill.tflite.runtime import quiet
from tf_lpdistill.tflite.softmax import finish
from tf_lpdistill.types import Tensor

PRECISIONS = ("float32", "float16", "dynamic", "int8")
# Experimental in TensorFlow Lite and slow on a CPU: made when asked for, not by default.
ALL_PRECISIONS = (*PRECISIONS, "int16x8")
CALIBRATED = frozenset({"int8", "int16x8"})


def phone_function(
    call: Callable[[Tensor], Tensor],
    preprocessing: Preprocessing,
    add_softmax: bool,
    batch_size: int = 1,
    output: str = "probability",
    exact_pixels: bool = False,
) -> Any:
    """Returns the whole way from a picture to probabilities as one concrete function.

    Args:
        call: the student as a function of a batch: `keras_student.frozen`, or a
            `QuantizedStudent`.
        preprocessing: its `Preprocessing`, which becomes part of the function.
        add_softmax: whether to end in a softmax (the student returns logits).
        batch_size: pictures at a time.
        output: the name of the output.
        exact_pixels: for a `QuantizedStudent`, whose file is not calibrated: says in the graph
            that pixels are 0..255.

    Returns:
        A concrete function from `image`, RGB pixels 0..255, (batch, height, width, 3) float32,
        to `probability`, (batch, classes) float32, or what `output` calls it.
    """
    kernel, bias = preprocessing.affine()
    spec = tf.TensorSpec((batch_size, *preprocessing.image_size, 3), tf.float32, "image")

    @tf.function(input_signature=[spec], autograph=False)
    def classify(image):
        if exact_pixels:
            # Their scale is exactly 1, whatever the images: see `calibration_inputs`.
            image = tf.quantization.fake_quant_with_min_max_args(image, 0.0, 255.0)
        # One 1x1 convolution, not a subtraction and a division: the converter folds a Rescaling
        # of the student into it, where a chain of scalings loses all but a few int8 levels.
        inputs = tf.nn.conv2d(image, kernel[None, None], strides=1, padding="VALID") + bias
        return {output: finish(call(inputs), add_softmax)}

    return classify.get_concrete_function()


def convert(
    function: Any,
    precision: str,
    images: np.ndarray | None = None,
    int8_input: str = "uint8",
    float_tensors: Collection[str] = (),
) -> bytes:
    """Converts a `phone_function` to a `.tflite` file of built-in operations only.

    float32 and float16 keep float32 in and out (float16 stores the weights in half the bytes);
    "dynamic" stores the weights in int8; "int8" also computes in int8; "int16x8" computes in int16
    with int8 weights, float32 in and out. The converter writes the minimum runtime of the float
    operations into an int16x8 file, although its kernels are younger: try it on the oldest device.
    An int8 file takes uint8 pixels, since MediaPipe refuses int8 input. It returns float32: the
    same 256 levels as a uint8 output and the same accuracy (measured on four models), but a
    probability for whoever reads it without looking at the output's scale.

    Args:
        function: what `phone_function` returned.
        precision: one of `ALL_PRECISIONS`.
        images: for "int8" and "int16x8": (n, height, width, 3) uint8 images to calibrate with; None
            where the function has the ranges of a quantization-aware training in it.
        int8_input: what an int8 file takes, "uint8" or "float32" pixels.
        float_tensors: for "int8": the names of tensors that stay float32 (with a float32 input).

    Returns:
        The file's bytes, without metadata.

    Raises:
        ValueError: when the student uses operations that are not built into TensorFlow Lite, or
            overflows.
        RuntimeError: when the converter fails otherwise.
    """
    trained = precision in CALIBRATED and images is None
    converter = _converter(function, precision, trained)
    if precision in CALIBRATED and not trained:
        inputs = calibration.calibration_inputs(images, function.inputs[0].shape[0])
        calibration.check_finite_activations(convert(function, "float32"), inputs)
        converter.representative_dataset = lambda: ([batch] for batch in inputs)
        converter.target_spec.supported_ops = [_integer_ops(precision)]
    try:
        with quiet(), warnings.catch_warnings():
            # Trained ranges are in the graph; the converter looks for them elsewhere.
            warnings.filterwarnings("ignore", "Statistics for quantized inputs", UserWarning)
            if precision == "int8" and float_tensors:
                return selective.quantize(converter, float_tensors)
            if precision == "int8":
                converter.inference_input_type = tf.as_dtype(int8_input)
            return converter.convert()
    except Exception as error:  # ConverterError is not public
        raise _explained(error, precision) from error


def _converter(function, precision, trained):
    owner = tf.Module()
    # None of a Keras model, those of a SavedModel. Trained ranges are not named, but frozen.
    owner.captured = () if trained else function.variables
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], owner)
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return converter


def _integer_ops(precision):
    """A set that asks for calibration, so it is not for ranges that were trained."""
    sets = tf.lite.OpsSet
    return {
        "int8": sets.TFLITE_BUILTINS_INT8,
        "int16x8": sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
    }[precision]


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
