"""The teacher cache: made once, opened often, attached to the data that students train on."""

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import numpy as np
import tensorflow as tf

from tf_lpdistill.teachers.cache.arrays import write_arrays
from tf_lpdistill.teachers.cache.attach import attach
from tf_lpdistill.teachers.cache.build import Runner, build, go_through, of_view
from tf_lpdistill.teachers.cache.cached import CachedTeacher
from tf_lpdistill.teachers.cache.draft import check_same, remove_journal
from tf_lpdistill.teachers.cache.folder import MANIFEST, check_files, read_contents
from tf_lpdistill.teachers.cache.samples import batches_of, describe_inputs
from tf_lpdistill.teachers.cache.store import Store
from tf_lpdistill.teachers.cache.values import check_dtype
from tf_lpdistill.teachers.cache.views import Views
from tf_lpdistill.teachers.connect import AnyTeacher, connect
from tf_lpdistill.types import PathLike, Structure, Tensor

_BATCH = 128  # samples a run of the teacher, for data that are not batched


class TeacherCache:
    """A teacher's predictions and features for every sample of a data set, on disk.

    It stands in the place of the teacher: `Distiller(cache, student, ...)` trained on
    `cache.attach(dataset)` makes the updates that the live teacher would make, to the accuracy of
    float16, and runs no teacher. Make one with `build` or `from_arrays`, get it back with `open`.

    The folder holds one `.npy` file an array, (views * samples, ...), row = view * samples + id,
    and `cache.json` with settings and checksums.

    Attributes:
        directory: `pathlib.Path` of the folder.
        name: the folder's name.
        num_samples: samples in it; their ids are 0 to `num_samples - 1`.
        num_views: views of each sample.
        layer_names: tuple of the features in it.
        store: its arrays, `Store`.

    Args:
        store: its arrays, `Store`.
        views: `Views` that they hold.

    Examples:
        >>> from tf_lpdistill import Distiller, data, losses, models, preprocessing
        >>> split = data.load_digits(num_labels=50).train
        >>> pixels = preprocessing.Preprocessing((8, 8), "grayscale", "0..1")
        >>> once = data.evaluation_batches(split, pixels, batch_size=25, sample_ids=True)
        >>> cache = TeacherCache.build(models.digits_teacher(), once, "cache", ["features"])
        >>> train = data.training_batches(split, pixels, batch_size=25, seed=0, sample_ids=True)
        >>> train = cache.attach(train)  # for `fit` of Distiller(cache, student, ...)
    """

    def __init__(self, store: Store, views: Views):
        self.store, self._views = store, views
        self.directory, self.name = store.folder, store.folder.name
        self.num_views = views.count
        self.num_samples = store.rows // views.count
        self.layer_names = tuple(store.outputs["features"])

    @classmethod
    def build(
        cls,
        teacher: AnyTeacher,
        dataset: tf.data.Dataset,
        directory: PathLike,
        layer_names: Sequence[str] = (),
        views: int | str = 1,
        augment: Callable[[Structure, Tensor], Structure] | None = None,
        seed: int = 0,
        dtype: str = "float16",
    ) -> Self:
        """Runs a teacher once over a data set, in inference mode, and stores what it gives.

        A build that was killed goes on where it stopped when it is called again with the same
        arguments, with the same result bit for bit (on a CPU). Where the cache is finished
        already, its settings are compared and the data are read through and compared; the teacher
        does not run.

        Args:
            teacher: what `Distiller` takes as its teacher.
            dataset: finite `tf.data.Dataset` of samples with ids that gives every sample once, in
                the order of the ids, as `data.evaluation_batches(..., sample_ids=True)` does; or
                `data.with_sample_ids(...)`, batched or not (then 128 a batch).
            directory: folder of the cache; must not exist, be empty, or hold this very cache.
            layer_names: features to store beside the predictions, named as in a loss.
            views: 1: the inputs as they are; "flips": they and their mirror images; V >= 1 with
                `augment`: V random draws of each sample.
            augment: `augment(inputs, seed)` makes a view of one sample (without the batch axis)
                from an int64 (2,) seed, by TensorFlow's stateless random functions alone; it keeps
                structure and dtypes.
            seed: integer >= 0 of the views.
            dtype: "float16", or "float32" for values that float16 cannot hold, at twice the size.

        Returns:
            `TeacherCache`.

        Raises:
            ValueError: for arguments that do not fit, ids that are missing, repeated or out of
                order, values that the dtype cannot hold, and a folder with another cache.
            FileExistsError: when the folder holds something else, or is a mount point or the
                working folder, which cannot be replaced.
            OSError: when the disk has not enough room.
        """
        views = Views(views, augment, seed)
        views.check_complete()
        if not isinstance(layer_names, (list, tuple)):
            raise ValueError(
                f"`layer_names` must be a list of names. Received: layer_names={layer_names!r}"
            )
        directory, batches = pathlib.Path(directory), batches_of(dataset, _BATCH)
        source = connect(teacher, layer_names)
        settings = {
            "teacher": source.fingerprint(),
            "ensemble": source.teacher_weights
            and dict(zip(source.teacher_names, source.teacher_weights, strict=True)),
            "layer_names": list(layer_names),
            "dtype": check_dtype(dtype),
            "inputs": describe_inputs(of_view(batches, views, 0).element_spec[0]),
            "views": views.views,
            "augmented": augment is not None,
            "seed": seed,
        }
        if not (directory / MANIFEST).is_file():
            build(Runner(source), batches, views, directory, settings)
            return cls.open(directory, augment, verify=False)
        remove_journal(directory)
        cache = cls.open(directory, augment)
        check_same(directory, cache.store.settings, settings)
        go_through(cache.store, batches, views)
        return cache

    @classmethod
    def from_arrays(
        cls,
        directory: PathLike,
        arrays: Mapping[str, np.ndarray],
        predictions: str | None = "logits",
        dtype: str = "float16",
    ) -> Self:
        """Stores activations that were computed elsewhere, by a teacher of any framework.

        Nothing is known of the inputs, so `attach` cannot compare them: it is up to the caller
        that row i belongs to the sample with the id i.

        Args:
            directory: folder of the cache; must not exist, or be empty.
            arrays: `{name: array (samples, ...)}` of finite numbers, all of the same length;
                memory maps are read block by block. Each name is a feature to the losses.
            predictions: which of them is the teacher's final output, for losses without a
                `teacher_layer_name`. None: there is none.
            dtype: as in `build`.

        Returns:
            `TeacherCache`.

        Raises:
            ValueError: for arrays that are not of these forms.
            FileExistsError: when the folder is not empty, or cannot be replaced.
        """
        directory = pathlib.Path(directory)
        write_arrays(directory, arrays, predictions, check_dtype(dtype))
        return cls.open(directory, verify=False)

    @classmethod
    def open(
        cls,
        directory: PathLike,
        augment: Callable[[Structure, Tensor], Structure] | None = None,
        *,
        verify: bool = True,
    ) -> Self:
        """Opens a finished cache.

        Args:
            directory: its folder.
            augment: the function that its views were made with, if they were; needed by `attach`.
            verify: read all of it and compare the checksums, which takes as long as reading the
                files does. Sizes and headers are always compared.

        Returns:
            `TeacherCache`.

        Raises:
            FileNotFoundError: when there is no finished cache, or one of its files is missing.
            ValueError: when a file is damaged, or not from a cache; for `augment` with a cache
                that was made without.
        """
        directory = pathlib.Path(directory)
        contents = read_contents(directory)
        check_files(directory, contents, verify)
        settings = contents.settings
        if augment is not None and not settings["augmented"]:
            raise ValueError(
                f"The teacher cache {directory} was built without `augment`: the teacher saw the "
                f"inputs as they are. Received: augment={augment!r}. Build another with it."
            )
        return cls(Store(directory, contents), Views(settings["views"], augment, settings["seed"]))

    def source(self, names: Sequence[str]) -> CachedTeacher:
        """Returns the source of the features with these `names`, see `connect`."""
        return CachedTeacher(self, names)

    def attach(self, dataset: tf.data.Dataset, initial_batch: int = 0) -> tf.data.Dataset:
        """Puts the teacher's activations beside the inputs of every batch.

        Of a sample with several views one is drawn for each batch, a pure function of the cache's
        seed and the batch's number, and the inputs become that view. The inputs of every batch are
        compared with what the teacher saw; other ones end the data set with an error.

        Args:
            dataset: batched `tf.data.Dataset` of samples with ids, in any order, with or without
                an end, as `data.training_batches(..., sample_ids=True)` makes it. With several
                views it must have no end, or every epoch would draw the same ones.
            initial_batch: number of the first batch in the whole run, for a run that goes on:
                initial_epoch * steps_per_epoch. It matters with several views only.

        Returns:
            `tf.data.Dataset` of `({"inputs", "sample_id", "teacher"}, ...)` for `Distiller.fit`.

        Raises:
            ValueError: when the data set has no ids, is not batched, has inputs of other shapes
                than the cache, or ends although there are several views; when `initial_batch` is
                negative, or the cache was opened without the `augment` that it was built with.
        """
        attached = attach(dataset, self.store, self._views, initial_batch)
        spec = attached.element_spec
        self.store.check_inputs((spec[0] if isinstance(spec, tuple) else spec)["inputs"])
        return attached

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays on disk."""
        return self.store.nbytes

    def describe(self) -> str:
        """Returns a table of the arrays: name, shape, dtype, size."""
        lines = [repr(self)]
        for name, array in self.store.arrays.items():
            size = _megabytes(array.nbytes)
            lines.append(f"  {name:<32} {array.shape!s:<24} {array.dtype!s:<8} {size:>14}")
        return "\n".join(lines)

    def __repr__(self):
        views = f" x {self.num_views} views" if self.num_views > 1 else ""
        return (
            f"<TeacherCache {str(self.directory)!r}: {self.num_samples:,} samples{views}, "
            f"features {list(self.layer_names)}, {_megabytes(self.nbytes)}>"
        )


def _megabytes(size):
    return f"{size / 1e6:,.2f} MB"
