"""The rules of an export: what may be asked for, and what a finished file must be."""

import pathlib
import re
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from tf_lpdistill.tflite import similarity
from tf_lpdistill.tflite.convert import ALL_PRECISIONS
from tf_lpdistill.tflite.runtime import Runner

# Float kernels reorder sums; a wrong scaling or a lost layer is orders of magnitude above this.
_FLOAT32_TOLERANCE = 1e-3
# Files of trained students agree on 97 % and more; below this something is broken.
_MIN_AGREEMENT = 0.8


def check_precisions(precisions: str | Iterable[str]) -> list[str]:
    """Returns the precisions as a list.

    Raises:
        ValueError: when there is none, one is unknown, or one comes twice.
    """
    precisions = [precisions] if isinstance(precisions, str) else list(precisions)
    unknown = [p for p in precisions if p not in ALL_PRECISIONS]
    if unknown or not precisions or len(set(precisions)) < len(precisions):
        raise ValueError(
            f"`precisions` must be some of {list(ALL_PRECISIONS)}, each once. "
            f"Received: precisions={precisions}"
        )
    return precisions


def check_name(name: str | None, default: str) -> str:
    """Returns `name`, or `default` made fit for a file name where `name` is None.

    Raises:
        ValueError: when `name` could leave the folder, or trouble a shell.
    """
    if name is None:
        return re.sub(r"[^A-Za-z0-9_.-]+", "_", default).strip("._-") or "student"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise ValueError(
            "`name` becomes part of file names: letters, digits, '_', '-' and '.', beginning with "
            f"a letter or digit. Received: name={name!r}"
        )
    return name


def version(text: str | None) -> tuple[int, ...] | None:
    """Returns (2, 17) for "2.17.0" and for "2.17", and None for None.

    Raises:
        ValueError: when `text` is not a version.
    """
    if text is None:
        return None
    if not isinstance(text, str) or not re.fullmatch(r"\d+(\.\d+)*", text):
        raise ValueError(
            "`max_runtime` must be a version such as '2.17.0', or None. "
            f"Received: max_runtime={text!r}"
        )
    numbers = [int(part) for part in text.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def check_runtime(file: str, minimum: str | None, max_runtime: str | None) -> None:
    """Refuses a file that needs a newer TensorFlow Lite than the app has.

    Args:
        file: its name.
        minimum: the version it needs, `str`, or None where the file does not say.
        max_runtime: the version the app has, `str`, or None for any.
    """
    limit = version(max_runtime)
    if limit is None or (minimum is not None and version(minimum) <= limit):
        return
    raise ValueError(
        f"{file} needs TensorFlow Lite {minimum or 'of an unknown version'}, newer than "
        f"`max_runtime`. Received: max_runtime={max_runtime!r}. Raise it if the app's runtime is "
        "newer, or leave this precision out."
    )


def check_integers(
    file: str, precision: str, facts: dict[str, Any], int8_input: str = "uint8"
) -> None:
    """Refuses an "int8" or "int16x8" file that computes in float, or reads its pixels wrongly.

    Args:
        file: its name.
        precision: "int8" or "int16x8".
        facts: what `inspect_file` says of it.
        int8_input: what an int8 file is to take, "uint8" or "float32".
    """
    kind = "int8" if precision == "int8" else "int16"
    source, share = facts["input"], facts[f"{kind}_share"]
    if precision == "int8" and int8_input == "uint8":
        expected = "uint8 with scale 1 and zero point 0"
        right = (source["dtype"], source["zero_point"]) == ("uint8", 0)
        right = right and abs(source["scale"] - 1.0) < 1e-6
    else:
        expected, right = "float32", source["dtype"] == "float32"
    if right and share >= 0.5:
        return
    raise ValueError(
        f"{file} is not an {precision} file: its input must be {expected}, and most operations "
        f"{kind}. Received: input {source}, {share:.0%} {kind} operations, float: "
        f"{facts['float_ops']}. Replace the layers that make these, or leave out {precision!r}."
    )


def check_results(
    path: pathlib.Path,
    precision: str,
    images: np.ndarray,
    expected: np.ndarray,
    real: bool,
    is_classifier: bool = True,
) -> None:
    """Runs the finished file and refuses it when its numbers are not the student's.

    A file of lower precision that often names another class than the student is a warning only:
    how much of that an app can bear is not for us to say.

    Args:
        path: the file.
        precision: one of `ALL_PRECISIONS`; only float32 has a bound, the others must be finite.
        images: (n, height, width, 3) uint8.
        expected: (n, classes) the Keras student's probabilities.
        real: whether the images are real; on noise the classes mean nothing.
        is_classifier: False for embeddings: `expected` are these, differences count relative to
            the largest number, and agreement is the mean cosine.
    """
    runner = Runner(path)
    found = np.stack([runner(image) for image in images])
    scale = 1.0 if is_classifier else max(float(np.max(np.abs(expected))), 1e-6)
    difference = float(np.max(np.abs(found - expected))) / scale
    bound = _FLOAT32_TOLERANCE if precision == "float32" else np.inf
    if not difference <= bound or not np.isfinite(difference):
        raise RuntimeError(
            f"{path.name} does not compute what the Keras student does. Received: outputs "
            f"that differ by {difference:g}. Leave {precision!r} out, and please report this."
        )
    agreement = (
        float(np.mean(found.argmax(-1) == expected.argmax(-1)))
        if is_classifier
        else float(np.mean(similarity.cosines(found, expected)))
    )
    if real and agreement < _MIN_AGREEMENT:
        warnings.warn(
            f"{path.name} agrees with the Keras student on only {agreement:.0%} of the "
            f"{len(images)} images in `representative_data`. Expected: at least "
            f"{_MIN_AGREEMENT:.0%}. Are they like the student's training images? If so, the "
            f"student does not bear {precision!r}: try 'float16', or train it for quantization; "
            "`verify` names the layers that int8 harms most.",
            stacklevel=3,
        )
