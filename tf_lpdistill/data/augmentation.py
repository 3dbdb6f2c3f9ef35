"""Random views of training images, made in the pipeline: teacher and student see the same one."""

import dataclasses

import keras
import tensorflow as tf
from keras import layers

from tf_lpdistill.preprocessing import Preprocessing

# Each makes a layer of Keras on pixels 0..255 from a seed.
_STEPS = {
    "flip": lambda seed: layers.RandomFlip("horizontal", seed=seed),
    # By an eighth of each side: the four pixels of 32 that CIFAR is cropped with.
    "crop": lambda seed: layers.RandomTranslation(
        1 / 8, 1 / 8, fill_mode="constant", interpolation="nearest", seed=seed
    ),
    # From the whole image to its middle half, each side on its own.
    "zoom": lambda seed: layers.RandomZoom((-0.5, 0.0), (-0.5, 0.0), seed=seed),
    "rand_augment": lambda seed: layers.RandAugment((0, 255), seed=seed),
    # Beta(1, 1): any two images are mixed in any proportion.
    "mixup": lambda seed: layers.MixUp(alpha=1.0, seed=seed),
    "cutmix": lambda seed: layers.CutMix(seed=seed),
}
_MIXING = {"mixup", "cutmix"}

AUGMENTATIONS = tuple(_STEPS)
"""The names of the steps that an `Augmentation` can have."""


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """Steps that change every batch of training images at random, by Keras's own layers.

    They work on pixels 0..255 before the scaling. The same seed makes the same views, for which
    one thread makes them in turn.

    Args:
        steps: names, applied in this order: "flip" (left and right), "crop" (moved by whole
            pixels, up to an eighth of each side, black fills the gap), "zoom" (into the image),
            "rand_augment" (two of ten changes of colour or geometry; Keras computes all ten, which
            took ten times as long as "zoom" on a CPU), "mixup", "cutmix".

    Raises:
        ValueError: for a name that there is not, or one that is given twice.

    Reference: RandAugment https://arxiv.org/abs/1909.13719, MixUp https://arxiv.org/abs/1710.09412,
    CutMix https://arxiv.org/abs/1905.04899.
    """

    steps: tuple[str, ...] = ()

    def __post_init__(self):
        """Checks the names."""
        object.__setattr__(self, "steps", tuple(self.steps))
        if set(self.steps) - set(_STEPS) or len(set(self.steps)) < len(self.steps):
            raise ValueError(
                f"An augmentation must be made of some of {', '.join(_STEPS)}, each at most once. "
                f"Received: {', '.join(self.steps)}"
            )

    @property
    def mixes_labels(self) -> bool:
        """Whether images are mixed, and their labels with them."""
        return bool(_MIXING & set(self.steps))

    def __call__(
        self, batches: tf.data.Dataset, preprocessing: Preprocessing, num_classes: int, seed: int
    ) -> tf.data.Dataset:
        """Changes batches of pixels and then scales them.

        Args:
            batches: `tf.data.Dataset` of `(x, y)`: RGB pixels 0..255, any dtype, of the size that
                `preprocessing` gives, and class indices (batch,). `x` may be a dict, with the
                pixels as "inputs".
            preprocessing: the `Preprocessing` of the model.
            num_classes: how many classes there are.
            seed: integer >= 0.

        Returns:
            `tf.data.Dataset` of `(x, y)`: float32 (batch, *preprocessing.input_shape), in the same
            dict, and the labels as they were; where images are mixed, float32 (batch, classes)
            shares.
        """
        changes = [_STEPS[name](1000 * seed + i) for i, name in enumerate(self.steps)]

        def view(x, y):
            batch = {"images": tf.cast(x["inputs"] if isinstance(x, dict) else x, "float32")}
            if self.mixes_labels:
                batch["labels"] = tf.one_hot(y, num_classes)
            for change in changes:
                batch = change(batch, training=True)
            inputs = preprocessing(batch["images"])
            x = x | {"inputs": inputs} if isinstance(x, dict) else inputs
            return x, batch.get("labels", y)

        return batches.map(view).prefetch(tf.data.AUTOTUNE)


def one_hot(batches: tf.data.Dataset, num_classes: int) -> tf.data.Dataset:
    """Turns labels into float32 (batch, classes), to go with mixed ones.

    Args:
        batches: `tf.data.Dataset` of `(x, y)`, y integers (batch,).
        num_classes: how many classes there are.

    Returns:
        `tf.data.Dataset` of the same batches.
    """
    return batches.map(lambda x, y: (x, keras.ops.one_hot(y, num_classes)), tf.data.AUTOTUNE)
