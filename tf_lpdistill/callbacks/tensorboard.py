"""`TensorBoardLog`: the training of a `Distiller` in TensorBoard."""

import pathlib
from collections.abc import Iterable, Sequence

import keras
import numpy as np
import tensorflow as tf

from tf_lpdistill.callbacks import summaries
from tf_lpdistill.callbacks.pictures import neighbor_grid, to_pixels
from tf_lpdistill.callbacks.probe import Probe, check_model
from tf_lpdistill.callbacks.projector import write_projector
from tf_lpdistill.guidance.evidence import ensure_built
from tf_lpdistill.types import PathLike, Structure

_QUERIES, _NEIGHBORS = 8, 8


class TensorBoardLog(keras.callbacks.Callback):
    """Writes what TensorBoard shows of the training of a `Distiller`, at the end of its epochs.

    * Scalars: everything in the logs; stand it behind `Watch` to have what that one measures too.
    * Histograms: each weight of the student, and its features of the probe.
    * Images: some images of the probe with their nearest neighbours for teacher and student, a row
      an image, the image first.
    * Projector: the features of teacher and student with labels and pictures, at the end.

    Only viewing needs TensorBoard: `pip install tensorboard`, `tensorboard --logdir LOG_DIR`. The
    student is left as it is. It runs under any strategy of one process.

    Args:
        log_dir: the folder; one training, one folder.
        dataset: batches as `fit` takes them; the first is the probe. Pictures and grids are there
            when its inputs are images.
        teacher_layer_name: the teacher's feature; None: the one of the first loss that names one
            layer each, else the layer before the output.
        student_layer_name: the student's feature, in the same way.
        class_names: names for the labels in the projector; None: their numbers.

    Raises:
        ValueError: when training begins, for a model that is not a `Distiller`, several workers, a
            data set without a batch, and unknown layers.
    """

    def __init__(
        self,
        log_dir: PathLike,
        dataset: Iterable[Structure],
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        class_names: Sequence[str] | None = None,
    ):
        super().__init__()
        self.log_dir, self.class_names = pathlib.Path(log_dir), class_names
        self._dataset, self._names = dataset, (teacher_layer_name, student_layer_name)
        self._probe, self._pixels, self._writer = None, None, None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Takes the probe and opens the file."""
        check_model("TensorBoardLog", self.model)
        ensure_built(self.model, self._dataset)
        self._probe = Probe(self.model, self._dataset, *self._names)
        self._pixels = to_pixels(self._probe.inputs)
        self._writer = tf.summary.create_file_writer(str(self.log_dir))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes scalars, histograms and images of this epoch."""
        sight = self._probe.look()
        with self._writer.as_default():
            for name, value in (logs or {}).items():
                summaries.scalar(name, value, epoch)
            for weight in self.model.student.weights:
                summaries.histogram(f"student/{weight.path}", weight, epoch)
            summaries.histogram("student/features", sight.student, epoch)
            self._write_grids(sight, epoch)
        self._writer.flush()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Writes the features for the projector."""
        features = _by_name(self._probe.look())
        labels = self._probe.labels
        if labels is not None and self.class_names is not None:
            labels = [self.class_names[label] for label in labels]
        write_projector(self.log_dir, features, labels, self._pixels)
        self._writer.close()

    def _write_grids(self, sight, epoch):
        if self._pixels is None or len(self._pixels) < 2:
            return
        queries = np.arange(min(_QUERIES, len(self._pixels)))
        k = min(_NEIGHBORS, len(self._pixels) - 1)
        for name, features in _by_name(sight).items():
            if np.isfinite(features).all():
                grid = neighbor_grid(self._pixels, features, queries, k)
                summaries.image(f"neighbours/{name}", grid, epoch)


def _by_name(sight):
    known = {"teacher": sight.teacher, "student": sight.student}
    return {name: features for name, features in known.items() if features is not None}
