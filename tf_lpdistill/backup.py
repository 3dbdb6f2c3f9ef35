"""The state of training at the end of each epoch, to go on from after a failure."""

import math
import os
import pathlib
import re

import keras
import tensorflow as tf

from tf_lpdistill.cluster import WorkersError
from tf_lpdistill.distribution import as_chief_sees, chief_path, is_chief
from tf_lpdistill.files import sha256
from tf_lpdistill.types import PathLike

_DIGITS = 16  # of the SHA-256
_OVERHEAD = 4096  # bytes that HDF5 needs beside the values of a variable, and more
_NAME = re.compile(rf"epoch-(?P<epochs>\d+)-(?P<digest>[0-9a-f]{{{_DIGITS}}})\.weights\.h5")


class Backup(keras.callbacks.Callback):
    """Keeps one file: weights, optimizer and random states at the end of the last whole epoch.

    Unlike `keras.callbacks.BackupAndRestore`, which writes weights and epoch as two files, on each
    worker for itself, a kill at any moment leaves one state for all workers: epoch and checksum are
    in the name of the file, and the file is the chief's. All workers read it, so that `directory`
    must be on a file system that they share.

    Args:
        directory: folder of the file; made when needed, and used by nothing else.

    In a program that is started again after it was killed:

        backup = Backup("run/backup")
        epoch = backup.restore(distiller)  # 0 in a fresh run
        train = data.training_batches(split, pixels, 128, seed=0, initial_epoch=epoch)
        distiller.fit(
            train, initial_epoch=epoch, epochs=90, steps_per_epoch=40, callbacks=[backup]
        )
    """

    def __init__(self, directory: PathLike):
        super().__init__()
        self.directory = pathlib.Path(directory)

    def restore(self, model: keras.Model) -> int:
        """Brings a compiled and built model to where the interrupted run was.

        Args:
            model: a `Distiller` or other `keras.Model`, made as in the interrupted run.

        Returns:
            int, the number of whole epochs done: the `initial_epoch` for `fit` and the data.

        Raises:
            WorkersError: when this worker does not see the file that the chief sees.
            ValueError: when the file is damaged.
        """
        found = self._epochs()
        epoch = as_chief_sees(max(found, default=0), model.distribute_strategy)
        if epoch == 0:
            return 0
        if epoch not in found:
            raise WorkersError(
                f"The chief goes on after epoch {epoch}, but this worker sees no such backup in "
                f"{self.directory} (it sees those of epochs {sorted(found)}). The folder must be "
                "on a file system that all workers share."
            )
        _check(found[epoch])
        with model.distribute_strategy.scope():
            model.optimizer.build(model.trainable_variables)
            model.load_weights(found[epoch])
        return epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes the new state, then removes the old one.

        Raises:
            OSError: when the disk has not enough room; the old state is there still.
        """
        strategy = self.model.distribute_strategy
        fresh = self.directory / "unnamed.weights.h5"  # its name tells its checksum
        with chief_path(fresh, strategy) as temporary:
            _ask_for_room(temporary, [*self.model.variables, *self.model.optimizer.variables])
            self.model.save_weights(temporary)
        if is_chief(strategy):
            digest = sha256(fresh)[:_DIGITS]
            os.replace(fresh, self.directory / f"epoch-{epoch + 1}-{digest}.weights.h5")
            for done, old in self._epochs().items():
                if done != epoch + 1:
                    old.unlink()

    def _epochs(self):
        """Returns {whole epochs done: file}."""
        names = ((_NAME.fullmatch(path.name), path) for path in self.directory.glob("epoch-*"))
        return {int(match["epochs"]): path for match, path in names if match}


def _check(path):
    expected = _NAME.fullmatch(path.name)["digest"]
    if sha256(path)[:_DIGITS] != expected:
        raise ValueError(
            f"{path} is damaged: its bytes are not those that were written. Received: a file whose "
            f"SHA-256 does not begin with {expected}. Remove it to begin anew."
        )


def _ask_for_room(path, variables):
    """Writes as many bytes as the variables will need, to see whether they fit.

    HDF5 may take the process down with it where a disk becomes full while it writes. It begins the
    file anew, so that the room is seen, not kept: who fills the disk meanwhile is not seen.
    """
    values = sum(math.prod(v.shape) * tf.as_dtype(v.dtype).size for v in variables)
    left = values + _OVERHEAD * (len(variables) + 16)
    with open(path, "wb") as file:
        while left > 0:
            left -= file.write(bytes(min(left, 2**20)))
