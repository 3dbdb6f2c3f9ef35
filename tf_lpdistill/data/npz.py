"""Data sets in one numpy archive: arrays of pixels, or JPEG streams back to back."""

import pathlib
from collections.abc import Sequence

import numpy as np

from tf_lpdistill.data.decode import decode_jpeg
from tf_lpdistill.data.splits import ImageData, Split, check_fractions, stratified_order
from tf_lpdistill.files import read_arrays
from tf_lpdistill.types import PathLike

_TITLES = {
    "train": "train",
    "val": "validation",
    "validation": "validation",
    "test": "test",
}
_LAYOUTS = (
    "x, y | x_train, y_train[, x_val, y_val][, x_test, y_test] | "
    "jpeg_SPLIT, offset_SPLIT, y_SPLIT for the splits train, validation, test"
)


def load_npz(path: PathLike, fractions: Sequence[float] = (0.8, 0.1, 0.1)) -> ImageData:
    """Loads a data set from an `.npz` file.

    Three layouts are understood; `class_names` (strings) may stand beside each of them:

    * `x`, `y`: one set, split here within each class by `fractions`, always the same way;
    * `x_train`, `y_train`, and likewise `_val` or `_validation`, and `_test`, where there are such;
    * `jpeg_train`, `offset_train`, `y_train` and so on: image i is the JPEG stream in the bytes
      `offset[i]:offset[i + 1]`; all images decode to RGB of one size.

    Args:
        path: the file. Images are uint8 pixels 0..255, (n, height, width) for grey ones or
            (n, height, width, 1 or 3); labels are integers (n,) or (n, 1), from 0.
        fractions: shares of training, validation and test, used by the first layout only.

    Returns:
        `ImageData`, named after the file. Without `class_names` the classes are called by their
        numbers.

    Raises:
        FileNotFoundError: when there is no such file.
        ValueError: when the file is damaged, is no such archive, or holds something else.
    """
    path, shares = pathlib.Path(path), check_fractions(fractions)
    arrays = _read(path)
    splits = {
        title: _read_split(path, arrays, f"_{suffix}")
        for suffix, title in _TITLES.items()
        if {f"x_{suffix}", f"jpeg_{suffix}", f"y_{suffix}"} & set(arrays)
    }
    if not splits and {"x", "y"} & set(arrays):
        splits = _divide(_read_split(path, arrays, ""), shares)
    if "train" not in splits:
        raise ValueError(
            f"{path} holds no training images under a known name. Expected: {_LAYOUTS}. "
            f"Received: {_found(arrays)}"
        )
    names = _class_names(path, arrays, splits["train"].labels)
    try:
        return ImageData(
            path.stem, splits["train"], splits.get("validation"), splits.get("test"), names
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _read(path):
    """Returns all arrays of the archive."""
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}")
    try:
        return read_arrays(path)
    except ValueError as error:
        raise ValueError(
            f"{path} cannot be read as an .npz archive of plain arrays: it is damaged, holds "
            f"Python objects, or is another kind of file. Received: {error}"
        ) from error


def _found(arrays):
    found = {name: f"{array.dtype}{array.shape}" for name, array in sorted(arrays.items())}
    return ", ".join(f"{name} {form}" for name, form in found.items()) or "an empty archive"


def _read_split(path, arrays, suffix):
    """Returns the `Split` from the arrays that end in `suffix`."""
    compressed = f"jpeg{suffix}" in arrays
    needed = [f"jpeg{suffix}", f"offset{suffix}"] if compressed else [f"x{suffix}"]
    needed.append(f"y{suffix}")
    missing = [name for name in needed if name not in arrays]
    if missing:
        raise ValueError(
            f"{path} lacks {', '.join(missing)}. Expected: {', '.join(needed)}. "
            f"Received: {_found(arrays)}"
        )
    labels = arrays[needed[-1]]
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if compressed:
        images = _decode(path, arrays[needed[0]], arrays[needed[1]], needed)
    else:
        images = arrays[needed[0]]
        images = images[..., None] if images.ndim == 3 else images
    try:
        return Split(images, labels)
    except ValueError as error:
        hint = ""
        if np.issubdtype(images.dtype, np.floating):
            hint = ". Pixels 0..1 become uint8 by (255 * x).round().astype('uint8')"
        raise ValueError(f"{path}, {' and '.join(needed)}: {error}{hint}") from error


def _decode(path, streams, offsets, names):
    """Decodes the JPEG streams that stand back to back in `streams`, uint8 (bytes,)."""
    sound = (
        streams.dtype == np.uint8
        and streams.ndim == offsets.ndim == 1
        and np.issubdtype(offsets.dtype, np.integer)
        and len(offsets) > 1
        and offsets[0] == 0
        and offsets[-1] == len(streams)
        and (np.diff(offsets) > 0).all()
    )
    if not sound:
        raise ValueError(
            f"{path}: {names[1]} must rise from 0 to the length of {names[0]} (uint8), one integer "
            f"more than there are images. Received: {_found({names[0]: streams})}, "
            f"{_found({names[1]: offsets})}"
        )
    data, images = streams.tobytes(), None
    for i in range(len(offsets) - 1):
        try:
            image = decode_jpeg(data[offsets[i] : offsets[i + 1]])
        except ValueError as error:
            raise ValueError(f"{path}: image {i} of {names[0]} is damaged: {error}") from error
        images = np.empty((len(offsets) - 1, *image.shape), np.uint8) if images is None else images
        if image.shape != images.shape[1:]:
            raise ValueError(
                f"{path}: all images of {names[0]} must have one size. Received: "
                f"{images.shape[1:]}, and {image.shape} for image {i}"
            )
        images[i] = image
    return images


def _divide(split, shares):
    """Splits one set into up to three, training first: it gets the rare classes."""
    order = stratified_order(split.labels, seed=0)
    ends = np.rint(np.cumsum(shares) * len(split)).astype(int)
    parts = np.split(order, [max(1, ends[0]), max(1, ends[1])])
    titles = ("train", "validation", "test")
    return {t: split.take(np.sort(p)) for t, p in zip(titles, parts, strict=True) if len(p)}


def _class_names(path, arrays, labels):
    if "class_names" in arrays:
        names = arrays["class_names"]
        if names.ndim != 1 or names.dtype.kind != "U":
            raise ValueError(
                f"{path}: class_names must be strings (n,). Received: {_found({'it': names})}"
            )
        return tuple(names.tolist())
    present = np.unique(labels)  # no more than there are images, whatever the labels are
    gaps = np.flatnonzero(present != np.arange(len(present)))
    if gaps.size:
        raise ValueError(
            f"{path}: every class from 0 to {present[-1]} needs a training image. Received: none "
            f"of class {gaps[0]}. Number the classes from 0 without gaps, or add `class_names`."
        )
    return tuple(map(str, present.tolist()))
