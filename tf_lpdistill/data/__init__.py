"""Images from several sources, and the pipelines that turn them into batches."""

from tf_lpdistill.data.augmentation import AUGMENTATIONS, Augmentation, one_hot
from tf_lpdistill.data.digits import load_digits
from tf_lpdistill.data.folder import Skipped, load_image_folder
from tf_lpdistill.data.keras_source import load_keras
from tf_lpdistill.data.npz import load_npz
from tf_lpdistill.data.pipeline import (
    evaluation_batches,
    ordered_batches,
    raw_batches,
    steps_per_epoch,
    training_batches,
)
from tf_lpdistill.data.sample_ids import with_sample_ids
from tf_lpdistill.data.sources import find_data_dir
from tf_lpdistill.data.splits import ImageData, Split
from tf_lpdistill.data.tfds_source import load_tfds

__all__ = [
    "AUGMENTATIONS",
    "Augmentation",
    "ImageData",
    "Skipped",
    "Split",
    "evaluation_batches",
    "find_data_dir",
    "load_digits",
    "load_image_folder",
    "load_keras",
    "load_npz",
    "load_tfds",
    "one_hot",
    "ordered_batches",
    "raw_batches",
    "steps_per_epoch",
    "training_batches",
    "with_sample_ids",
]
