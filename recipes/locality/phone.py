"""What the file for the phone is worth: its accuracy, size and latency."""

import pathlib
import tempfile

from tf_lpdistill import tflite

CALIBRATION = 500  # training images that the ranges of int8 are taken from


def measure(model, data, pixels):
    """Exports a model as an int8 TFLite file and measures it.

    Args:
        model: a trained teacher or student.
        data: `ImageData`; the file is calibrated on training images and scored on the test images.
        pixels: the model's `Preprocessing`.

    Returns:
        Dict of the test accuracy, the bytes of the file, and its median milliseconds an image on
        one thread of this computer, which may be busy with other runs.
    """
    with tempfile.TemporaryDirectory() as folder:
        bundle = tflite.export_bundle(
            model, pathlib.Path(folder, "phone"), precisions=("int8",),
            labels=list(data.class_names), preprocessing=pixels,
            representative_data=data.train.images[:CALIBRATION],
        )  # fmt: skip
        proof = tflite.verify(bundle, model, (data.test.images, data.test.labels))["int8"]
        host = tflite.benchmark(bundle)["int8"]
    return {
        "int8_accuracy": proof["accuracy"],
        "int8_bytes": host["bytes"],
        "int8_latency_ms": host["latency_ms"],
    }
