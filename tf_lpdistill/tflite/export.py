"""`export_bundle`: a Keras student becomes a phone bundle."""

import dataclasses
import functools
import importlib.metadata
import platform
import sys
import time
from collections.abc import Sequence

import keras
import numpy as np

from tf_lpdistill import files
from tf_lpdistill.compression.quantized import QuantizedStudent
from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.tflite import (
    calibration,
    emulated,
    folder,
    keras_student,
    label_file,
    metadata,
    rules,
    scaling,
    scores,
    selective,
)
from tf_lpdistill.tflite.bundle import FORMAT, Bundle, check_replaceable, write_facts
from tf_lpdistill.tflite.conversion import Conversion
from tf_lpdistill.tflite.convert import CALIBRATED, PRECISIONS, convert, phone_function
from tf_lpdistill.tflite.inspect import inspect_file, output_width
from tf_lpdistill.tflite.metadata import About
from tf_lpdistill.tflite.origin import Origin
from tf_lpdistill.tflite.runtime import import_interpreter
from tf_lpdistill.types import PathLike, Structure

_NUM_PROBES = 16


def export_bundle(
    student: keras.Model | QuantizedStudent,
    directory: PathLike,
    *,
    labels: Sequence[str] | None,
    preprocessing: Preprocessing,
    precisions: Sequence[str] = PRECISIONS,
    representative_data: Structure = None,
    max_runtime: str | None = "2.17.0",
    name: str | None = None,
    about: About | None = None,
    conversion: Conversion | None = None,
    score_calibration: Sequence[Sequence[float]] | None = None,
    origin: Origin | None = None,
) -> Bundle:
    """Exports a student as `.tflite` files that an Android developer can use as they are.

    Each file takes RGB pixels 0..255 and returns probabilities: the conversion to grey, the
    student's own scaling and the softmax (never a second one) are inside, labels and metadata
    attached. The folder appears whole or not at all; an earlier bundle in its place is replaced at
    the end, and stays as it was when anything fails.

    Args:
        student: a built Keras classifier: (batch, height, width, 1 or 3) to (batch, classes),
            logits or probabilities; or, without labels, to embeddings (batch, dimensions). It is
            not changed. Or what `compression.quantize_aware` returned: the int8 file then has the
            ranges that were trained, and needs no `representative_data`.
        directory: the bundle's folder: new, empty, or an earlier bundle.
        labels: class names, one for each output, unique single lines; None for a student that
            returns embeddings, which are given as they are, for MediaPipe's ImageEmbedder.
        preprocessing: a `Preprocessing`: what the student was trained on.
        precisions: which files: any of "float32", "float16", "dynamic" (int8 weights), "int8",
            "int16x8" (int16 activations and int8 weights).
        representative_data: for int8 and int16x8 calibration: raw pixels 0..255, before any
            preprocessing, as a batched `tf.data.Dataset` (of images or `(images, labels)`) or an
            array (n, height, width, 1 or 3); uint8 or float. Up to 200 images are used, 100 do.
        max_runtime: the oldest TensorFlow Lite that the files must run on; None for any. The
            default is the last release under that name on Maven.
        name: first part of the file names; the student's own name by default.
        about: an `About` with description, version, author and licence for the metadata.
        conversion: a `Conversion` with the batch size, the int8 file's input, and layers that it
            computes in float.
        score_calibration: what `fit_scores` returned for held-out images: goes into the metadata,
            and MediaPipe calibrates the scores by it. The files themselves return what they
            returned without.
        origin: an `Origin`: data, teacher, method and limits, for the model card.

    Returns:
        The `Bundle`.

    Raises:
        TypeError: when an argument is of the wrong type.
        ValueError: when an argument is wrong, or the student is not a finite classifier (both
            before anything is converted); when it needs operations that TensorFlow Lite does not
            have; when a file needs a newer runtime than `max_runtime`; when `directory` holds
            anything else than a bundle.
        RuntimeError: when a converted file does not compute what the student does.
        ImportError: without the package ai-edge-litert, in which every file is tried.
    """
    import_interpreter()
    precisions = rules.check_precisions(precisions)
    rules.version(max_runtime)
    conversion = conversion or Conversion()
    student, quantized = emulated.take_apart(student)
    if quantized is not None:
        emulated.check_conversion(conversion)
    calibrated = CALIBRATED & set(precisions) - ({"int8"} if quantized else set())
    keras_student.check_student(student, preprocessing)
    scaling.check_first_layer(student, preprocessing)
    name = rules.check_name(name, student.name)
    check_replaceable(directory)
    images = _images(representative_data, calibrated, preprocessing)
    softmax_added, expected = keras_student.answers(
        student, preprocessing, images, is_classifier=labels is not None
    )
    facts = {
        "format": FORMAT,
        "name": name,
        "about": dataclasses.asdict(about or metadata.About()),
        "origin": dataclasses.asdict(origin) if origin else None,
        "labels": label_file.check(labels, expected.shape[-1]) if labels is not None else [],
        "score_calibration": _score_calibration(score_calibration, labels, expected.shape[-1]),
        "preprocessing": preprocessing.to_dict(),
        "softmax_added": softmax_added,
        "max_runtime": max_runtime,
        "made_from": {
            "student": student.name,
            "parameters": student.count_params(),
            "calibration_images": len(images) if calibrated else 0,
            "quantization_aware": quantized is not None,
            "conversion": dataclasses.asdict(conversion),
        },
        "versions": _versions(),
    }
    output = "probability" if facts["labels"] else "embedding"
    trace = functools.partial(
        phone_function, preprocessing=preprocessing, add_softmax=softmax_added,
        batch_size=conversion.batch_size, output=output,
    )  # fmt: skip
    function = trace(keras_student.frozen(student))
    float_tensors = _float_tensors(function, student, conversion.float_layers)
    with folder.replaced(directory) as fresh:
        facts["labels_file"] = _write_labels(fresh, facts)
        facts["files"] = {}
        for precision in precisions:
            if quantized is not None and precision == "int8":
                model = _convert_trained(trace, quantized, conversion)
            else:
                model = convert(function, precision, images, conversion.int8_input, float_tensors)
            facts["files"][precision] = _write_model(fresh, precision, model, facts)
            path = fresh / facts["files"][precision]["file"]
            real = representative_data is not None
            rules.check_results(path, precision, images, expected, real, bool(facts["labels"]))
        write_facts(fresh, facts)
    return Bundle.open(directory)


def _convert_trained(trace, quantized, conversion):
    """Unfolds every rounding of a trained emulation; says so, for a large student is slow."""
    about = f"Converting {quantized.name} with its trained ranges"
    print(f"{about}: seconds for a small student, minutes for a large one ...", file=sys.stderr)
    start = time.monotonic()
    trained = trace(quantized, exact_pixels=True)
    model = convert(trained, "int8", None, conversion.int8_input)
    print(f"{about}: done in {time.monotonic() - start:.0f} s", file=sys.stderr)
    return model


def _images(data, calibrated, preprocessing):
    """Returns (n, height, width, 3) uint8: real images, or noise where none are needed."""
    if data is not None:
        return calibration.representative_images(data, preprocessing.image_size)
    if calibrated:
        raise ValueError(
            "int8 needs `representative_data`: some 100 real images, raw pixels 0..255. "
            "Received: representative_data=None. Give some, or leave 'int8' and 'int16x8' out of "
            "`precisions`."
        )
    # Noise tells logits from probabilities, and a good file from a bad one, as well.
    shape = (_NUM_PROBES, *preprocessing.image_size, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def _score_calibration(calibration, labels, num_classes):
    if calibration is None:
        return None
    if labels is None:
        raise ValueError("Embeddings are no scores. Received: labels=None with `score_calibration`")
    return scores.check(calibration, num_classes)


def _float_tensors(function, student, layers):
    """Returns the tensors of the layers that the int8 file is to compute in float."""
    if not layers:
        return []
    names = keras_student.layer_names(student)
    return selective.find_tensors(convert(function, "float32"), layers, names)


def _write_labels(directory, facts):
    if not facts["labels"]:
        return None
    path = directory / metadata.LABELS
    files.write_text(path, label_file.to_text(facts["labels"]))
    return {"file": path.name, "sha256": files.sha256(path)}


def _write_model(directory, precision, model, facts):
    """Writes one file with its metadata and returns what is in it, when that is as it must be."""
    path = directory / f"{facts['name']}_{precision}.tflite"
    size = facts["preprocessing"]["image_size"]
    about = metadata.About(**facts["about"])
    if facts["labels"]:
        calibration, classes = facts["score_calibration"], len(facts["labels"])
        description = metadata.classifier(facts["name"], about, size, classes, bool(calibration))
        attached = {metadata.LABELS: label_file.to_text(facts["labels"]).encode()}
        if calibration:
            attached[metadata.SCORES] = scores.to_text(calibration).encode()
    else:
        dimensions = output_width(model)
        description = metadata.embedder(facts["name"], about, size, dimensions)
        attached = {}
    with files.atomic_path(path) as temporary:
        temporary.write_bytes(metadata.attach(model, description, attached))
    found = inspect_file(path)
    rules.check_runtime(path.name, found["minimum_runtime"], facts["max_runtime"])
    if precision in CALIBRATED:
        int8_input = facts["made_from"]["conversion"]["int8_input"]
        rules.check_integers(path.name, precision, found, int8_input)
    return {"file": path.name, **found}


def _versions():
    return {
        "python": platform.python_version(),
        "tensorflow": importlib.metadata.version("tensorflow"),
        "keras": keras.version(),
        "ai_edge_litert": importlib.metadata.version("ai-edge-litert"),
    }
