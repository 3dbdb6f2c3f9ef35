"""Why an int8 file scores less than the student, and whether float layers would help."""

from typing import Any

import keras
import numpy as np

from tf_lpdistill.tflite import selective, snr
from tf_lpdistill.tflite.bundle import Bundle
from tf_lpdistill.tflite.convert import convert, phone_function
from tf_lpdistill.tflite.keras_student import frozen, layer_names
from tf_lpdistill.tflite.runtime import Runner

_SNR_IMAGES = 32
_CALIBRATION_IMAGES = 200
_NUM_WORST = 3


def diagnose(
    bundle: Bundle, student: keras.Model, images: np.ndarray, truth: np.ndarray
) -> dict[str, Any]:
    """Finds the layers that lose most in the int8 file, and tries to keep the worst one float.

    The try is a file made anew, calibrated on these very images, kept nowhere, and scored on them:
    the advice is what was measured, not a rule of thumb.

    Args:
        bundle: the `Bundle`, with an int8 file.
        student: the Keras model.
        images: (n, height, width, 3) uint8.
        truth: (n,) integer labels.

    Returns:
        A dict of JSON values: `worst_layers`, a list of `{"tensor", "layers", "snr_db",
        "loss_db"}`, worst first; `float_layers`, the layers that the try kept float; `accuracy`
        without and `float_layers_accuracy` with them, on `images` images; `advice`, in words.
    """
    names = layer_names(student)
    batch_size = Runner(bundle.files["int8"]).input_shape[0]
    call, added = frozen(student), bundle.softmax_added
    function = phone_function(call, bundle.preprocessing, added, batch_size)
    float_model = convert(function, "float32")
    quantized = bundle.files["int8"].read_bytes()
    noises = snr.compare(float_model, quantized, images[:_SNR_IMAGES])
    worst = sorted(noises, key=lambda noise: -noise.loss)[:_NUM_WORST]
    layers = _around(worst[0], names) if worst else []
    before, after = _accuracy(Runner(quantized), images, truth), None
    if layers:
        floats = selective.find_tensors(float_model, layers, names)
        model = convert(function, "int8", images[:_CALIBRATION_IMAGES], float_tensors=floats)
        after = _accuracy(Runner(model), images, truth)
    return {
        "worst_layers": [_describe(noise, names) for noise in worst],
        "float_layers": layers,
        "accuracy": before,
        "float_layers_accuracy": after,
        "images": len(truth),
        "advice": _advice(layers, before, after),
    }


def _around(noise, names):
    """Returns the layers that write a tensor and those that read it.

    It stays float only where both ends do.
    """
    tensors = [noise.tensor, *noise.readers]
    return sorted({layer for t in tensors for layer in selective.layers_of(t, names)})


def _describe(noise, names):
    return {
        "tensor": noise.tensor,
        "layers": selective.layers_of(noise.tensor, names),
        "snr_db": round(noise.snr, 1),
        "loss_db": round(noise.loss, 1),
    }


def _accuracy(runner, images, truth):
    found = [runner(image).argmax() == label for image, label in zip(images, truth, strict=True)]
    return float(np.mean(found))


def _advice(layers, before, after):
    if after is not None and after > before:
        return (
            f"Keeping {', '.join(layers)} in float raised the accuracy of int8 from {before:.4f} "
            f"to {after:.4f} on these images: export with Conversion(int8_input='float32', "
            f"float_layers={layers!r})."
        )
    tried = f"Keeping {', '.join(layers)} in float did not help. " if layers else ""
    return tried + "Take float16 or int16x8, or train the student for quantization."
