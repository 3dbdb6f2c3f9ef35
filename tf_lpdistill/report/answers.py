"""answers.npz: what teacher, student and phone file say of each test image."""

import pathlib
from collections.abc import Mapping

import numpy as np

from tf_lpdistill import files
from tf_lpdistill.report.arrays import Arrays
from tf_lpdistill.report.projection import principal_plane, turned
from tf_lpdistill.report.run import ALONE, INT8, STUDENT, TEACHER, Answers, Map, NetworkAnswers
from tf_lpdistill.types import PathLike

_NETWORKS = (TEACHER, STUDENT, ALONE, INT8)
_MAPPED = 600  # images in a map: more only cover each other
_SHOWN = 9  # images that teacher and student disagree on


def write_answers(
    path: PathLike,
    images: np.ndarray,
    labels: np.ndarray,
    outputs: Mapping[str, np.ndarray],
    features: Mapping[str, np.ndarray],
) -> None:
    """Writes the answers of a run's networks to the test images, whole or not at all.

    Of the outputs only the first class and its probability are kept, of the features the two
    principal components of up to 600 images drawn at random, and of the images up to nine that
    teacher and student disagree on: the file stays small, and holds no test set. Of a network that
    has diverged, outputs that are not finite count as no opinion, and its map is left out.

    Args:
        path: `answers.npz` in the run folder.
        images: (n, height, width, 1 or 3) uint8, the test images.
        labels: (n,) their classes.
        outputs: {network: (n, classes) logits or probabilities} of "teacher" and "student", and
            where there are such of "alone", the student trained without a teacher, and "int8", the
            student's phone file.
        features: {network: (n, ...) features} of those that are to be mapped, "teacher" or others.

    Raises:
        ValueError: for other networks.
    """
    unknown = set(outputs) - set(_NETWORKS) | set(features) - set(outputs)
    if unknown or not {TEACHER, STUDENT} <= set(outputs):
        raise ValueError(
            f"`outputs` must be of {TEACHER!r} and {STUDENT!r}, and may be of {ALONE!r} and "
            f"{INT8!r}; `features` of some of them. Received: outputs of {sorted(outputs)}, "
            f"features of {sorted(features)}"
        )
    arrays = {"labels": np.asarray(labels)}
    for name, values in outputs.items():
        sure = probabilities(_finite_rows(values))
        arrays[f"{name}_classes"] = sure.argmax(axis=1)
        arrays[f"{name}_confidence"] = sure.max(axis=1).astype(np.float32)
    arrays |= _maps(features, len(images))
    shown = _disagreements(arrays)
    arrays |= {"shown": shown, "images": np.asarray(images)[shown]}
    with files.atomic_path(path) as temporary:
        np.savez(temporary, **arrays)


def probabilities(outputs: np.ndarray) -> np.ndarray:
    """Returns outputs as probabilities: by a softmax, unless their rows are such already.

    Args:
        outputs: (n, classes) finite float.
    """
    outputs = np.asarray(outputs, np.float64)
    if (outputs >= 0.0).all() and np.allclose(outputs.sum(axis=1), 1.0, atol=0.02):
        return outputs  # of a uint8 file to within its rounding
    exponentials = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _finite_rows(outputs):
    """Outputs whose rows with NaN or infinity, of a diverged network, are 0: it knows nothing."""
    outputs = np.asarray(outputs, np.float64)
    return np.where(np.isfinite(outputs).all(axis=1, keepdims=True), outputs, 0.0)


def _maps(features, number):
    """Maps of the same images, each turned to lie like the first; none of a network with NaN."""
    features = {name: rows for name, rows in features.items() if np.isfinite(rows).all()}
    if not features:
        return {}
    rows = np.random.default_rng(0).permutation(number)[:_MAPPED]
    arrays, reference = {"mapped": np.sort(rows)}, None
    for name in sorted(features, key=_NETWORKS.index):
        points, explained = principal_plane(np.asarray(features[name])[arrays["mapped"]])
        points = points if reference is None else turned(points, reference)
        reference = points if reference is None else reference
        arrays[f"{name}_map"] = points.astype(np.float32)
        arrays[f"{name}_explained"] = explained.astype(np.float32)
    return arrays


def _disagreements(arrays):
    """The images that teacher and student name differently, the surest answers first."""
    differ = np.flatnonzero(arrays[f"{TEACHER}_classes"] != arrays[f"{STUDENT}_classes"])
    sureness = (arrays[f"{TEACHER}_confidence"] + arrays[f"{STUDENT}_confidence"])[differ]
    return differ[np.argsort(-sureness, kind="stable")][:_SHOWN]


def read_answers(path: pathlib.Path, number_of_classes: int) -> Answers | None:
    """Reads what `write_answers` wrote.

    Args:
        path: `pathlib.Path` of the file.
        number_of_classes: answers are integers below it.

    Returns:
        An `Answers`, or `None` when there is no such file.

    Raises:
        ValueError: when the file is damaged, or an array is missing or is not as described.
    """
    if not path.is_file():
        return None
    arrays = Arrays(path, "the answers")
    labels = arrays.labels("labels", (None,), number_of_classes)
    number, shown = len(labels), arrays.get("shown", np.integer, (None,))
    mapped = arrays.indices("mapped", (None,), number, "rows") if "mapped" in arrays else None

    def read(name):
        points = None
        if f"{name}_map" in arrays and mapped is not None:
            points = Map(
                arrays.floats(f"{name}_map", (len(mapped), 2)),
                arrays.floats(f"{name}_explained", (2,), 0.0, 1.0001),
            )
        return NetworkAnswers(
            arrays.labels(f"{name}_classes", (number,), number_of_classes),
            arrays.floats(f"{name}_confidence", (number,), 0.0, 1.0001),
            points,
        )

    names = [n for n in _NETWORKS if n in (TEACHER, STUDENT) or f"{n}_classes" in arrays]
    return Answers(
        labels=labels,
        networks={name: read(name) for name in names},
        mapped=mapped,
        shown=arrays.indices("shown", shown.shape, number, "rows"),
        images=arrays.images("images", len(shown)),
    )
