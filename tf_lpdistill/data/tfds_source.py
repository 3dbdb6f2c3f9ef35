"""Data sets of the TensorFlow Datasets catalogue, by name."""

import numpy as np

from tf_lpdistill.data.splits import ImageData, Split
from tf_lpdistill.preprocessing import Preprocessing


def load_tfds(name, data_dir=None, image_size=None):
    """Loads an image classification data set of TensorFlow Datasets into memory.

    It is downloaded and prepared where `data_dir` does not hold it yet.

    Args:
        name: name in the catalogue, such as "mnist" or "cifar10:3.0.2".
        data_dir: folder of prepared data sets; `None` is that package's own default.
        image_size: (height, width) in pixels to resize to; needed where the images differ in size.

    Returns:
        `ImageData` with the splits "train", "validation" and "test" as far as they exist.

    Raises:
        ImportError: when tensorflow-datasets is not installed.
        ValueError: when the data set has no images with labels, no training split, or images of
            different sizes although `image_size` is not given.
    """
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ImportError(
            "load_tfds needs the package tensorflow-datasets: pip install 'tf_lpdistill[tfds]'"
        ) from error
    builder = tfds.builder(name, data_dir=data_dir)
    builder.download_and_prepare()
    features, titles = builder.info.features, builder.info.splits
    if not {"image", "label"} <= set(features) or "train" not in titles:
        raise ValueError(
            "load_tfds takes data sets with the features 'image' and 'label' and a split 'train'. "
            f"Received: {name!r} with features {sorted(features)} and splits {sorted(titles)}"
        )
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
