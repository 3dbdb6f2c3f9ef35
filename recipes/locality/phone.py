"""What the file for the phone is worth: its accuracy, size and latency."""

import pathlib
import tempfile

from results import phone

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
        place = pathlib.Path(folder, "phone")
        found = phone.prove(model, place, data, pixels, ("int8",), CALIBRATION)["int8"]
    return {f"int8_{figure}": found[figure] for figure in ("accuracy", "bytes", "latency_ms")}
