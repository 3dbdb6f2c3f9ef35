"""`verify`: what each file of a bundle scores on real images, beside the Keras student."""

import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_lpdistill.compression.quantized import QuantizedStudent
from tf_lpdistill.tflite import bootstrap, diagnosis, emulated, label_file, pixels, similarity
from tf_lpdistill.tflite.bundle import Bundle
from tf_lpdistill.tflite.keras_student import check_student, reference
from tf_lpdistill.tflite.runtime import Runner
from tf_lpdistill.tflite.softmax import finish
from tf_lpdistill.types import PathLike, Structure

# A larger drop of int8 is looked into; a student loses a point or less where nothing is wrong.
_MAX_DROP = 0.01
_DIAGNOSED_IMAGES = 500


def verify(
    bundle: Bundle | PathLike,
    student: keras.Model | QuantizedStudent,
    dataset: Structure,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """Runs every `.tflite` and the Keras student on the same images and compares them.

    The results also go into bundle.json and MODEL_CARD.md.

    Args:
        bundle: a `Bundle`, or its folder. Damaged files are refused.
        student: the Keras model that was exported. It is computed in float32, as it was exported,
            whatever precision it was trained in. Of a quantization-aware student, its float
            `.student` is what the files are compared with.
        dataset: raw pixels 0..255 with integer labels (embeddings need none): a finite, batched
            `tf.data.Dataset` of `(images, labels)`, or a tuple of arrays. Images (batch, height,
            width, 1 or 3), uint8 or float; grey ones are repeated to RGB for the files, other
            sizes are resized.
        seed: of the bootstrap.

    Returns:
        `{precision: {"accuracy", "accuracy_interval", "gain_interval", "agreement",
        "agreement_interval", "max_difference", "images"}, ..., "keras": {"accuracy",
        "accuracy_interval", "images"}}`. Agreement is the share of images with the same first class
        as Keras; max_difference the largest absolute difference of a probability. Intervals are
        [low, high], 95 %, by the bootstrap over the images; `gain_interval` is that of the file's
        accuracy minus Keras's, image by image: where it holds 0, these images show no difference.
        Of embeddings, each precision has `{"cosine", "lowest_cosine", "max_difference", "images"}`
        (see `similarity.compare`), and there is no "keras".
        Where int8 scores more than a point below Keras, its entry has a `diagnosis` as well (see
        `diagnosis.diagnose`): the layers that lose most, and what keeping them float gave.

    Raises:
        ValueError: when the bundle is damaged, or the images or labels are not as described.
    """
    bundle = Bundle.open(bundle)
    student, _ = emulated.take_apart(student)
    check_student(student, bundle.preprocessing)
    outputs = _run(bundle, student, dataset)
    if bundle.labels:
        return _record(bundle, _score_all(bundle, student, outputs, seed))
    files = outputs.files.items()
    return _record(bundle, {p: similarity.compare(rows, outputs.keras) for p, rows in files})


@dataclasses.dataclass(frozen=True)
class _Outputs:
    """What the student and each file made of the same images, row by row."""

    truth: np.ndarray
    keras: np.ndarray
    files: dict[str, np.ndarray]
    images: np.ndarray  # the first ones, RGB, for a diagnosis


def _run(bundle, student, dataset):
    runners = {precision: Runner(path) for precision, path in bundle.files.items()}
    truth, expected, images, found = [], [], [], {precision: [] for precision in runners}
    for image, label, call in _images(bundle, student, dataset):
        truth.append(label)
        expected.append(call(image))
        rgb = pixels.to_rgb(image)
        images += [rgb] if len(images) < _DIAGNOSED_IMAGES else []
        for precision, runner in runners.items():
            found[precision].append(runner(rgb))
    if not images:
        raise ValueError("`dataset` must hold at least one image. Received: no images")
    found = {precision: np.stack(rows) for precision, rows in found.items()}
    width = next(iter(found.values())).shape[-1]
    if len(expected[0]) != width:
        raise ValueError(
            f"`student` must be the model that was exported, with {width} outputs. "
            f"Received: {student.name!r} with {len(expected[0])} outputs"
        )
    expected = np.array(finish(np.stack(expected), bundle.softmax_added))
    return _Outputs(np.array(truth), expected, found, np.stack(images))


def _score_all(bundle, student, outputs, seed):
    """Returns the scores of a classifier's files and of Keras, and why int8 loses if it does."""
    truth, expected, images = outputs.truth, outputs.keras, outputs.images
    results = {p: _compare(rows, expected, truth, seed) for p, rows in outputs.files.items()}
    results["keras"] = _score("accuracy", expected.argmax(-1) == truth, seed)
    results["keras"]["images"] = len(truth)
    lowest = results["keras"]["accuracy"] - _MAX_DROP
    trained = bundle.facts()["made_from"].get("quantization_aware", False)
    # Of a student trained for int8 no layer can be put back into float.
    if "int8" in results and results["int8"]["accuracy"] < lowest and not trained:
        found = diagnosis.diagnose(bundle, student, images, truth[: len(images)])
        results["int8"]["diagnosis"] = found
    return results


def _record(bundle, results):
    """Writes the results into bundle.json and the card, and returns them."""
    facts = bundle.facts()
    for precision in bundle.files:
        facts["files"][precision].pop("diagnosis", None)
        facts["files"][precision] |= results[precision]
    bundle.record(facts | ({"keras": results["keras"]} if "keras" in results else {}))
    return results


def _images(bundle, student, dataset):
    """Yields (image, label, the Keras student for images of so many channels)."""
    import tqdm

    if isinstance(dataset, tf.data.Dataset):
        if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise ValueError(
                "`dataset` must end. Received: an infinite (repeated) dataset. "
                "Give dataset.take(number of batches)."
            )
    calls = {}
    size = bundle.preprocessing.image_size
    with tqdm.tqdm(desc="verify", unit=" images", disable=None) as progress:
        for images, labels in pixels.batches(dataset, size, "dataset"):
            labels = (
                label_file.check_truth(labels, len(images), len(bundle.labels), "dataset")
                if bundle.labels
                else [None] * len(images)
            )
            channels = images.shape[-1]
            if channels not in calls:
                calls[channels] = reference(student, bundle.preprocessing, channels)
            for image, label in zip(images, labels, strict=True):
                yield image, label, calls[channels]
            progress.update(len(images))


def _score(name, right, seed):
    """Returns the share of `right`, booleans, with its interval."""
    interval = list(bootstrap.mean_interval(right, seed))
    return {name: float(np.mean(right)), f"{name}_interval": interval}


def _compare(probabilities, expected, truth, seed):
    found, keras_found = probabilities.argmax(-1), expected.argmax(-1)
    gain = (found == truth).astype(int) - (keras_found == truth)
    return {
        **_score("accuracy", found == truth, seed),
        "gain_interval": list(bootstrap.mean_interval(gain, seed)),
        **_score("agreement", found == keras_found, seed),
        "max_difference": float(np.max(np.abs(probabilities - expected))),
        "images": len(truth),
    }
