"""The views of each image that a cache holds: the image itself, both flips, or seeded draws."""

import dataclasses
from collections.abc import Callable

import keras
import tensorflow as tf

from tf_lpdistill.types import Structure, Tensor

_MAX_VIEWS = 65536


@dataclasses.dataclass(frozen=True)
class Views:
    """Which views of a sample there are, and how each is made.

    Args:
        views: 1, "flips" (the image and its mirror image), or a number of draws of `augment`.
        augment: `augment(inputs, seed)` from the inputs of one sample (no batch axis) and an int64
            (2,) seed for TensorFlow's stateless random functions to a view of the same structure
            and dtypes. None: the inputs as they are.
        seed: integer >= 0 from which all draws are made.

    Raises:
        ValueError: for arguments that are not of these forms, or do not go together.
    """

    views: int | str = 1
    augment: Callable | None = None
    seed: int = 0

    def __post_init__(self):
        """Checks the arguments."""
        if self.views != "flips" and not (
            isinstance(self.views, int) and 1 <= self.views < _MAX_VIEWS
        ):
            raise ValueError(
                f"`views` must be 1, 'flips', or a number of draws below {_MAX_VIEWS}. "
                f"Received: views={self.views!r}"
            )
        if self.augment is not None and (self.views == "flips" or not callable(self.augment)):
            raise ValueError(
                "`augment` must be a function augment(inputs, seed), and goes with a number of "
                f"views. Received: views={self.views!r}, augment={self.augment!r}"
            )
        if not isinstance(self.seed, int) or not 0 <= self.seed < 2**31:
            raise ValueError(
                f"`seed` must be an integer from 0 to 2**31 - 1. Received: seed={self.seed!r}"
            )

    def check_complete(self) -> None:
        """Refuses several views that nothing makes.

        Raises:
            ValueError: when there are some, and `augment` is None.
        """
        if self.augment is None and self.views not in (1, "flips"):
            raise ValueError(
                "Several views need `augment`, which makes them; both flips are views='flips'. "
                f"Received: views={self.views}, augment=None"
            )

    @property
    def count(self) -> int:
        """How many views a sample has."""
        return 2 if self.views == "flips" else int(self.views)

    def make(self, inputs: Structure, sample_id: Tensor, view: Tensor) -> Structure:
        """Makes one view of each sample of a batch, the same whatever stands beside it.

        Args:
            inputs: batch, or a structure of batches.
            sample_id: int64 (batch,).
            view: int64 (batch,), from 0 to `count` - 1.

        Returns:
            As `inputs`.
        """
        if self.views == "flips":
            return keras.tree.map_structure(lambda images: _flip(images, view), inputs)
        if self.augment is None:
            return inputs

        def draw(sample):
            one, seed = sample
            return self.augment(one, seed)

        seeds = tf.stack([self.seed * _MAX_VIEWS + view, sample_id], axis=1)
        dtypes = keras.tree.map_structure(lambda tensor: tensor.dtype, inputs)
        return tf.map_fn(draw, (inputs, seeds), fn_output_signature=dtypes)

    def choose(self, number: Tensor, batch: Tensor) -> Tensor:
        """Draws the view of each sample in a batch: a pure function of seed and batch number.

        Args:
            number: int64 scalar, the batch's number in the run.
            batch: int32 scalar, samples in the batch.

        Returns:
            int64 (batch,).
        """
        seed = tf.stack([tf.cast(self.seed, tf.int64), tf.cast(number, tf.int64)])
        return tf.random.stateless_uniform([batch], seed, maxval=self.count, dtype=tf.int64)


def _flip(images, view):
    if len(images.shape) != 4:
        raise ValueError(
            "views='flips' needs images, (batch, height, width, channels). "
            f"Received: inputs of shape {tuple(images.shape)}"
        )
    return tf.where(view[:, None, None, None] == 1, tf.reverse(images, [2]), images)
