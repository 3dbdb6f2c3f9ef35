"""Data sets of the TensorFlow Datasets catalogue, by name."""

import os
import pathlib
from typing import Any

import numpy as np

from tf_lpdistill.data.sources import VARIABLE
from tf_lpdistill.data.splits import ImageData, Split
from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.types import PathLike


def open_tfds(name: str, data_dir: PathLike | None = None, download: bool = False) -> Any:
    """Finds a data set of TensorFlow Datasets that is prepared on disk.

    One that was prepared elsewhere and copied is found too, by the name of its folder.

    Args:
        name: name in the catalogue, such as "mnist" or "cifar10:3.0.2", or of any prepared data
            set in `data_dir`.
        data_dir: folder of prepared data sets; None is what the environment variable
            LPDISTILL_DATA names, or else that package's own default, ~/tensorflow_datasets.
        download: whether to download and prepare it where it is not there.

    Returns:
        `tfds.core.DatasetBuilder`, prepared.

    Raises:
        ImportError: when tensorflow-datasets is not installed.
        ValueError: for an unknown name, a data set that is not prepared, or one that cannot be; the
            text says where it was looked for, and which command prepares it.
    """
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ImportError(
            "Data sets of TensorFlow Datasets need the package tensorflow-datasets: pip install "
            "'tf_lpdistill[tfds]'"
        ) from error
    data_dir = data_dir or os.environ.get(VARIABLE)
    data_dir = str(pathlib.Path(data_dir).expanduser()) if data_dir else None
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError as error:
        raise ValueError(
            f"{data_dir or tfds.core.constants.DATA_DIR} holds no prepared data set of this name, "
            f"and the catalogue of TensorFlow Datasets does not know it. Received: {name!r}"
        ) from error
    if builder.is_prepared():
        return builder
    problem = ""
    if download:
        try:
            builder.download_and_prepare()
            return builder
        # Whatever a download stumbles over: no network, terms to agree to, a full disk.
        except Exception as error:
            problem = f" It could not be downloaded: {error}"
    raise ValueError(
        f"The data set {name!r} is not prepared: there is no {builder.data_dir}. With a network, "
        f'run: python -c "import tensorflow_datasets as tfds; tfds.builder({name!r}, '
        f'data_dir={data_dir!r}).download_and_prepare()" (or the same elsewhere, and copy the '
        f"folder).{problem}"
    )


def load_tfds(
    name: str,
    data_dir: PathLike | None = None,
    image_size: tuple[int, int] | None = None,
    download: bool = False,
) -> ImageData:
    """Loads an image classification data set of TensorFlow Datasets into memory.

    Args:
        name: as for `open_tfds`.
        data_dir: as for `open_tfds`.
        image_size: (height, width) in pixels to resize to; needed where the images differ in size.
        download: whether to download and prepare the data set where it is not there.

    Returns:
        `ImageData` with the splits "train", "validation" and "test" as far as they exist.

    Raises:
        ImportError: when tensorflow-datasets is not installed.
        ValueError: as `open_tfds` does; when the data set has no images with labels, no training
            split, or images of different sizes although `image_size` is not given.
    """
    builder = open_tfds(name, data_dir, download)
    features, titles = _labelled(builder)
    splits = {
        title: _in_memory(name, builder.as_dataset(split=title), image_size)
        for title in ("train", "validation", "test")
        if title in titles
    }
    return ImageData(
        builder.name,
        splits["train"],
        splits.get("validation"),
        splits.get("test"),
        tuple(features["label"].names),
    )


def _labelled(builder):
    """The features and splits of a data set of labelled images."""
    features, titles = builder.info.features, builder.info.splits
    if not {"image", "label"} <= set(features) or "train" not in titles:
        raise ValueError(
            "A data set must have the features 'image' and 'label' and a split 'train'. Received: "
            f"{builder.name!r} with features {sorted(features)} and splits {sorted(titles)}"
        )
    return features, titles


def _in_memory(name, dataset, image_size):
    images, labels = [], []
    for sample in dataset.as_numpy_iterator():
        images.append(_resize(sample["image"], image_size))
        labels.append(sample["label"])
    sizes = sorted({image.shape for image in images})
    if len(sizes) > 1:
        raise ValueError(
            f"The images of {name!r} differ in size: give `image_size`. "
            f"Received: image_size={image_size}, and images from {sizes[0]} to {sizes[-1]}"
        )
    return Split(np.stack(images), np.array(labels))


def _resize(image, image_size):
    if image_size is None or image.shape[:2] == tuple(image_size):
        return image
    form = Preprocessing(image_size, "grayscale" if image.shape[-1] == 1 else "rgb")
    return np.clip(np.rint(form(image[None])[0]), 0, 255).astype(np.uint8)
