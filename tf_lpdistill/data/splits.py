"""The types in which images travel: one split of a data set, and a whole data set."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from tf_lpdistill.class_names import is_one_line, repeated


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Images with their labels, in memory.

    Args:
        images: uint8 pixels 0..255, (n, height, width, 1 or 3), n >= 1.
        labels: class indices from 0, (n,), any integer dtype; held as int32.

    Raises:
        ValueError: when the arrays are not of these forms, or differ in length.
    """

    images: np.ndarray
    labels: np.ndarray

    def __post_init__(self):
        """Checks the arguments."""
        images, labels = np.asarray(self.images), np.asarray(self.labels)
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] not in (1, 3):
            raise ValueError(
                "`images` must be uint8 pixels 0..255 of shape (n, height, width, 1 or 3). "
                f"Received: shape={images.shape}, dtype={images.dtype}"
            )
        if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(
                "`labels` must be integers of shape (n,). "
                f"Received: shape={labels.shape}, dtype={labels.dtype}"
            )
        if len(images) != len(labels) or len(labels) == 0:
            raise ValueError(
                "`images` and `labels` must have the same length, at least 1. "
                f"Received: {len(images)} images, {len(labels)} labels"
            )
        if labels.min() < 0:
            raise ValueError(f"`labels` must start at 0. Received: smallest={labels.min()}")
        if labels.max() > np.iinfo(np.int32).max:  # would become another class, without a word
            raise ValueError(f"`labels` must fit into int32. Received: largest={labels.max()}")
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", labels.astype(np.int32))

    def __len__(self):
        """Returns the number of images."""
        return len(self.labels)

    def take(self, indices: np.ndarray) -> "Split":
        """Returns the `Split` of the images at `indices`, integers (m,), in that order."""
        return Split(self.images[indices], self.labels[indices])

    def subset(self, num_labels: int, seed: int = 0) -> "Split":
        """Draws a few labelled images, with the class shares of the whole.

        With the same seed a smaller subset is part of a larger one, so that curves over the
        number of labels compare like with like.

        Args:
            num_labels: how many images, at least one for each class and at most all of them.
            seed: integer >= 0; another seed draws other images.

        Returns:
            `Split` of `num_labels` images, in the order of this one.

        Raises:
            ValueError: when `num_labels` is out of these bounds.
        """
        num_classes = len(np.unique(self.labels))
        if not num_classes <= num_labels <= len(self):
            raise ValueError(
                f"`num_labels` must lie between {num_classes} (one image for each class) and "
                f"{len(self)} (all images). Received: num_labels={num_labels}"
            )
        return self.take(np.sort(stratified_order(self.labels, seed)[:num_labels]))


@dataclasses.dataclass(frozen=True, eq=False)
class ImageData:
    """A data set: three splits that share no image, and the names of the classes.

    Args:
        name: short name, as it appears in tables.
        train: `Split` to train on.
        validation: `Split` to choose settings on, or `None` where the source has none.
        test: `Split` to report on, or `None` where the source has none.
        class_names: one name for each class, in the order of the labels; lines of the labels that
            a phone bundle holds.

    Raises:
        ValueError: when a label has no name, when a name is blank, of several lines or there
            twice, or when the splits differ in the size of their images.
    """

    name: str
    train: Split
    validation: Split | None
    test: Split | None
    class_names: tuple[str, ...]

    def __post_init__(self):
        """Checks the arguments."""
        object.__setattr__(self, "class_names", tuple(str(name) for name in self.class_names))
        _check_names(self.class_names)
        for title, split in self.splits().items():
            if split.labels.max() >= len(self.class_names):
                raise ValueError(
                    f"The labels of {title!r} must be smaller than the number of classes, "
                    f"{len(self.class_names)}. Received: label {split.labels.max()}"
                )
            if split.images.shape[1:] != self.image_shape:
                raise ValueError(
                    f"All splits must hold images of one shape. Received: train "
                    f"{self.image_shape}, {title} {split.images.shape[1:]}"
                )

    def splits(self) -> dict[str, Split]:
        """Returns a dict of the splits that exist, by the names of their fields."""
        fields = {"train": self.train, "validation": self.validation, "test": self.test}
        return {title: split for title, split in fields.items() if split is not None}

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one image."""
        return self.train.images.shape[1:]

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)


def _check_names(names):
    for name in names:
        if not is_one_line(name):
            raise ValueError(
                f"The name of a class must be one line of text, not blank. Received: {name!r}"
            )
    twice = repeated(names)
    if twice:
        raise ValueError(
            "Each class needs a name of its own, such as 'crane (bird)' beside 'crane (machine)'. "
            f"Received twice: {twice}"
        )


def stratified_order(labels: np.ndarray, seed: int) -> np.ndarray:
    """Orders samples so that every long enough run of them has the class shares of the whole.

    One sample of each class comes first, then each class spreads its samples evenly over the
    order. Within a class the order is random.

    Args:
        labels: integers (n,).
        seed: integer >= 0.

    Returns:
        int64 (n,): a permutation of 0..n-1, a pure function of the arguments.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    shuffled = generator.permutation(len(labels))
    rank = np.empty(len(labels))
    for label in np.unique(labels):
        members = shuffled[labels[shuffled] == label]
        rank[members] = (np.arange(len(members)) + 0.5) / len(members)
        rank[members[0]] = 0.0
    return shuffled[np.argsort(rank[shuffled], kind="stable")]


def check_fractions(fractions: Sequence[float]) -> tuple[float, ...]:
    """Checks the shares of training, validation and test images.

    Args:
        fractions: three numbers >= 0 that sum to 1, the first of them positive.

    Returns:
        Tuple of three floats.

    Raises:
        ValueError: when they are not of this form.
    """
    shares = tuple(float(share) for share in fractions)
    if len(shares) != 3 or not min(shares) >= 0 or shares[0] <= 0 or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(
            "`fractions` must be three numbers >= 0 that sum to 1: the shares of training (not 0), "
            f"validation and test. Received: fractions={fractions}"
        )
    return shares


def split_of(digest: bytes, shares: Sequence[float]) -> str:
    """Draws the split of an image from its content, so that it stays there when others come.

    Args:
        digest: a hash of the file, 8 bytes or more.
        shares: those of training, validation and test images, as `check_fractions` returns them.

    Returns:
        "train", "validation" or "test".
    """
    position = int.from_bytes(digest[:8], "big") / 2**64
    if position < shares[0]:
        return "train"
    return "validation" if position < shares[0] + shares[1] else "test"
