"""Images read from the shards of TensorFlow Datasets while they are trained on."""

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from streamed.jpeg_crops import center_crop, random_crop
from tf_lpdistill.data import Split

SHUFFLED = 8192  # encoded images, about 1 GB of ImageNet's
SHARDS = 16  # read at the same time


@dataclasses.dataclass(frozen=True)
class Stream:
    """Images of a split that stay on disk.

    Args:
        builder: a prepared `tfds.core.DatasetBuilder`.
        part: which images, as TensorFlow Datasets writes it: "train[:990]".
        size: pixels a side of what is read.
    """

    builder: Any
    part: str
    size: int

    def __len__(self):
        """Returns the number of images."""
        return self.builder.info.splits[self.part].num_examples

    def training_batches(self, pixels, batch_size, seed):
        """Crops at random and mirrors half of the images, without an end.

        The order is drawn anew in every epoch: shards, some of which are read at the same time,
        and among the images that are held for it.

        Args:
            pixels: the `Preprocessing`.
            batch_size: images a batch.
            seed: integer, of the order and the crops.

        Returns:
            `tf.data.Dataset` of (float32 images, int32 labels).
        """
        files = self._read(shuffle_files=True, seed=seed)
        order = files.shuffle(min(len(self), SHUFFLED), seed=seed).repeat()

        def cut(index, example):
            image = random_crop(example["image"], self.size, (seed, index))
            return image, tf.cast(example["label"], tf.int32)

        cropped = order.enumerate().map(cut, tf.data.AUTOTUNE)
        return _scaled(cropped.batch(batch_size, drop_remainder=True), pixels)

    def evaluation_batches(self, pixels, batch_size):
        """Takes the centre of every image once, in order; the last batch may be smaller."""
        return _scaled(self._centers().batch(batch_size), pixels)

    def load(self, number):
        """Loads the centres of the first `number` images into memory: a `Split`."""
        images, labels = zip(*self._centers().take(number).as_numpy_iterator(), strict=True)
        return Split(np.stack(images), np.array(labels))

    def first_file(self):
        """The first image as it is stored, bytes."""
        return next(iter(self._read().take(1)))["image"].numpy()

    def _centers(self):
        return self._read().map(
            lambda x: (center_crop(x["image"], self.size), tf.cast(x["label"], tf.int32)),
            tf.data.AUTOTUNE,
        )

    def _read(self, shuffle_files=False, seed=None):
        import tensorflow_datasets as tfds

        options = tf.data.Options()
        options.deterministic = True  # for the seed; shards are read ahead all the same
        reading = tfds.ReadConfig(options=options, shuffle_seed=seed, try_autocache=False)
        reading.interleave_cycle_length = SHARDS
        decoders = {"image": tfds.decode.SkipDecoding()}
        return self.builder.as_dataset(
            self.part, shuffle_files=shuffle_files, read_config=reading, decoders=decoders
        )


def _scaled(batches, pixels):
    scaled = batches.map(lambda x, y: (pixels(x), y), tf.data.AUTOTUNE)
    return scaled.prefetch(tf.data.AUTOTUNE)
