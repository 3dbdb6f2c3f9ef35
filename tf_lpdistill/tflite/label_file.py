"""The labels of a classifier: one printable line each, as many as the outputs."""

import pathlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from tf_lpdistill.class_names import is_one_line, repeated
from tf_lpdistill.types import PathLike


def check(labels: Sequence[str], num_classes: int) -> list[str]:
    """Returns the labels as a list of `str`, or refuses them.

    Args:
        labels: a sequence of `str`, in the order of the student's outputs.
        num_classes: the student's outputs.

    Raises:
        ValueError: when there are too many or too few, or one is empty, not a single line, not a
            `str`, or not unique.
    """
    labels = list(labels) if not isinstance(labels, str) else [labels]
    for index, label in enumerate(labels):
        if not is_one_line(label):
            raise ValueError(
                "Each of `labels` must be one line of text that is not empty. "
                f"Received: label {index} is {label!r}"
            )
    twice = repeated(labels)
    if twice:
        raise ValueError(
            f"`labels` must be unique: they are all the app sees. Received twice: {twice}"
        )
    if len(labels) != num_classes:
        raise ValueError(
            f"`labels` must name each of the student's {num_classes} outputs. "
            f"Received: {len(labels)} labels"
        )
    return [str(label) for label in labels]


def check_truth(truth: ArrayLike | None, count: int, num_classes: int, argument: str) -> np.ndarray:
    """Returns the integer labels of images as (n,), or refuses them.

    Args:
        truth: (n,) or (n, 1) integers, 0..num_classes - 1; None where the caller has none.
        count: images that they belong to.
        num_classes: the student's outputs.
        argument: the name of the caller's argument, for the error messages.

    Raises:
        ValueError: saying what was expected and what came.
    """
    if truth is None:
        raise ValueError(
            f"`{argument}` must hold (images, labels). Received: images without labels"
        )
    truth = np.asarray(truth)
    flat = truth.reshape(-1) if truth.size == count else truth
    integers = truth.dtype.kind in "ui" and flat.shape == (count,)
    if not integers or (count and not 0 <= flat.min() <= flat.max() < num_classes):
        raise ValueError(
            f"The labels of `{argument}` must be one integer an image, 0..{num_classes - 1}. "
            f"Received: shape={truth.shape}, dtype={truth.dtype}"
            + (f", values {flat.min()}..{flat.max()}" if integers else "")
            + f" for {count} images"
        )
    return flat


def to_text(labels: Sequence[str]) -> str:
    """Returns the content of a labels file: UTF-8, one label a line."""
    return "".join(f"{label}\n" for label in labels)


def read(path: PathLike) -> list[str]:
    """Reads a labels file: UTF-8, one label a line, in the order of the outputs.

    Raises:
        FileNotFoundError: when there is none.
        ValueError: when it is not UTF-8 text.
    """
    try:
        return pathlib.Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"The labels must be UTF-8 text. Received: path={path}") from error
