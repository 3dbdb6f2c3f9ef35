"""What a saved model lacks in Keras: a file that is never half-written, and the random states."""

import zipfile
from typing import Any, BinaryIO

import keras

from tf_lpdistill.distribution import chief_path
from tf_lpdistill.files import check_archive, check_ratio
from tf_lpdistill.ops.replicas import spread_seeds
from tf_lpdistill.types import PathLike

_MAX_QUOTE = 400


def load_model(path: PathLike, **kwargs: Any) -> keras.Model:
    """Loads a whole `.keras` file in Keras's safe mode: no code that it brings along is run.

    Args:
        path: a local `.keras` file.
        **kwargs: as of `keras.saving.load_model`. `safe_mode=False` runs what code is in the file:
            for files from someone whose programs you would run as well.

    Returns:
        A `keras.Model`.

    Raises:
        FileNotFoundError: when it is not there.
        ValueError: naming the file, when it is damaged, a decompression bomb, of classes that are
            not known, or asks for code of its own.
    """
    check_undamaged(path)
    try:
        return keras.saving.load_model(path, **kwargs)
    except Exception as error:  # a foreign file fails anywhere, with any error
        raise ValueError(
            f"Keras cannot load {path} ({brief(error)}). Expected: a .keras file of stock layers, "
            "or of classes that are imported. Code in a file is run only by safe_mode=False, for "
            "a file that you trust as a program."
        ) from error


def brief(error: Exception) -> str:
    """The beginning of an error in one line: Keras quotes whole configurations."""
    text = " ".join(str(error).split())
    return text if len(text) <= _MAX_QUOTE else text[:_MAX_QUOTE] + " ..."


def check_undamaged(filepath: PathLike) -> None:
    """Reads a `.keras` file through and compares its checksums.

    Args:
        filepath: path of the file.

    Raises:
        FileNotFoundError: when it is not there.
        ValueError: when it was cut short or changed, or is a decompression bomb.
    """
    with open(filepath, "rb") as file:
        try:
            check_archive(file)
            with zipfile.ZipFile(file) as archive:
                damaged = archive.testzip()
                for name in archive.namelist() if damaged is None else ():
                    with archive.open(name) as member:
                        if name.endswith(".h5"):
                            check_hdf5(member)
                        elif name.endswith(".npz"):
                            check_archive(member)
        except Exception as error:  # zipfile and zlib raise a dozen kinds for damaged bytes
            raise ValueError(f"{filepath} is damaged, or no .keras file: {error}") from error
    if damaged is not None:
        raise ValueError(f"{filepath} is damaged: {damaged!r} in it fails its checksum.")


def check_hdf5(file: PathLike | BinaryIO) -> None:
    """Refuses an HDF5 file whose arrays are far larger than itself: Keras would unpack them all.

    Args:
        file: path, or binary file open for reading.

    Raises:
        ValueError: for such a decompression bomb.
        OSError: for a file that is cut, or no HDF5.
    """
    import h5py

    sizes = []
    with h5py.File(file, "r") as content:
        content.visititems(lambda _, item: sizes.append(getattr(item, "nbytes", 0)))
        check_ratio(content.id.get_filesize(), sum(sizes))


class WholeFile:
    """Mixin before `keras.Model`: saves whole or not at all, and with the layers' random states.

    Keras saves no seed generators, so that dropout would start anew after loading. They are put
    beside the weights here, in `.keras` files and in checkpoints of weights alone.
    """

    def save(self, filepath: PathLike, overwrite: bool = True) -> None:
        """Saves the model as one file, whole or not at all.

        Several workers must all call this; the file is the chief's.

        Args:
            filepath: a path that ends in `.keras`.
            overwrite: whether to replace a file that is there; False asks first.

        Raises:
            ValueError: for another suffix.
        """
        if not str(filepath).endswith(".keras"):
            raise ValueError(
                f"A {type(self).__name__} is saved as one file whose name ends in '.keras'. "
                f"Received: filepath={filepath}"
            )
        if not overwrite:
            return super().save(filepath, overwrite=False)
        with chief_path(filepath, self.distribute_strategy) as temporary:
            super().save(temporary)

    def save_own_variables(self, store: Any) -> None:
        """Adds the random states of all layers."""
        for index, state in enumerate(random_states(self)):
            store[str(index)] = state.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Restores the random states of all layers; those saved are the first replica's."""
        states = random_states(self)
        for index, state in enumerate(states):
            state.assign(store[str(index)])
        with self.distribute_strategy.scope():
            spread_seeds(states)


def random_states(model: keras.Model) -> list[keras.Variable]:
    """Lists the states of a model's seed generators, which Keras does not count as weights."""
    weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]
