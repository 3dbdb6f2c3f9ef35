"""What a saved model lacks in Keras: a file that is never half-written, and the random states."""

import zipfile

from tf_lpdistill.distribution import chief_path
from tf_lpdistill.ops.replicas import spread_seeds


def check_undamaged(filepath):
    """Reads a `.keras` file through and compares its checksums.

    Args:
        filepath: path of the file.

    Raises:
        FileNotFoundError: when it is not there.
        ValueError: when it was cut short or changed.
    """
    try:
        with zipfile.ZipFile(filepath) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{filepath} is damaged, or no .keras file: {error}") from error
    if damaged is not None:
        raise ValueError(f"{filepath} is damaged: {damaged!r} in it fails its checksum.")


class WholeFile:
    """Mixin before `keras.Model`: saves whole or not at all, and with the layers' random states.

    Keras saves no seed generators, so that dropout would start anew after loading. They are put
    beside the weights here, in `.keras` files and in checkpoints of weights alone.
    """

    def save(self, filepath, overwrite=True):
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

    def save_own_variables(self, store):
        """Adds the random states of all layers."""
        for index, state in enumerate(self._random_states()):
            store[str(index)] = state.numpy()

    def load_own_variables(self, store):
        """Restores the random states of all layers; those saved are the first replica's."""
        states = self._random_states()
        for index, state in enumerate(states):
            state.assign(store[str(index)])
        with self.distribute_strategy.scope():
            spread_seeds(states)

    def _random_states(self):
        weights = {id(weight) for weight in self.weights}
        return [variable for variable in self.variables if id(variable) not in weights]
