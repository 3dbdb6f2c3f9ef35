"""ImageNet and what has its form: its splits on disk, one part of them held out."""

import dataclasses

from streamed.streams import Stream
from tf_lpdistill import data
from tf_lpdistill.data import ImageData

HELD_OUT = 100  # one training image of so many is kept to choose by


@dataclasses.dataclass(frozen=True)
class Streams:
    """A data set on disk: its splits and classes, with the names that `ImageData` has.

    Args:
        name: its name.
        train: `Stream` to train on.
        validation: `Stream` to choose by, a part of the training images.
        test: `Stream` to report on.
        class_names: tuple of str.
    """

    name: str
    train: Stream
    validation: Stream
    test: Stream
    class_names: tuple[str, ...]

    @property
    def num_classes(self):
        """How many classes there are."""
        return len(self.class_names)

    @property
    def image_shape(self):
        """(height, width, 3) of what is read."""
        return (self.train.size, self.train.size, 3)

    def load(self, number):
        """Loads so many training and test images: the `ImageData` that an export wants."""
        train, test = self.train.load(number), self.test.load(number)
        return ImageData(self.name, train, None, test, self.class_names)

    def describe(self):
        """What `config.json` and the report tell of it."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        return {
            "name": self.name,
            "description": f"colour images cut to {self.train.size}x{self.train.size} pixels, "
            f"{self.num_classes} classes; validation images are a part of the training images",
            **{title: len(stream) for title, stream in splits.items()},
            "labelled": len(self.train),
            "class_names": list(self.class_names),
        }


def load(name, data_dir, size):
    """Finds a prepared data set, and takes its splits apart.

    Args:
        name: "imagenet2012", or another of TensorFlow Datasets with the features "image", as JPEG,
            and "label", and the splits "train" and "validation" (or "test").
        data_dir: folder of prepared data sets, or None; see `data.open_tfds`.
        size: pixels a side.

    Returns:
        `Streams`. One training image of a hundred is held out; the "validation" split, whose labels
        ImageNet publishes, is what is reported on.

    Raises:
        ValueError: for a data set that is not prepared, or not of this form.
    """
    builder = data.open_tfds(name, data_dir)
    features, splits = builder.info.features, builder.info.splits
    test = next((title for title in ("validation", "test") if title in splits), None)
    if not {"image", "label"} <= set(features) or "train" not in splits or test is None:
        raise ValueError(
            "--dataset must have the features 'image' and 'label', a split 'train', and "
            f"'validation' or 'test'. Received: --dataset={name} with features "
            f"{sorted(features)} and splits {sorted(splits)}"
        )
    total = splits["train"].num_examples
    kept = total - -(-total // HELD_OUT)
    parts = (f"train[:{kept}]", f"train[{kept}:]", test)
    streams = [Stream(builder, part, size) for part in parts]
    _check_jpeg(name, streams[0])
    return Streams(builder.name, *streams, tuple(features["label"].names))


def _check_jpeg(name, stream):
    first = stream.first_file()
    if not first.startswith(b"\xff\xd8\xff"):
        raise ValueError(
            "--dataset must hold JPEG files: what is cut out of them is decoded alone. Received: "
            f"--dataset={name}, whose first image begins with {first[:4]!r}"
        )
