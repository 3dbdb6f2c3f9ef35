"""Finished parts of a long computation, kept in a folder so that a killed one goes on."""

import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np

from tf_lpdistill.graph import archive
from tf_lpdistill.types import PathLike


class Checkpoint:
    """Remembers named results of one computation.

    Args:
        directory: the folder, made when needed; None remembers nothing.
        settings: dict that JSON can hold: what the results depend on.
    """

    def __init__(self, directory: PathLike | None, settings: dict[str, Any]):
        self._directory = directory and pathlib.Path(directory)
        self._settings = settings

    def get(self, name: str, compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Returns the result called `name`, from the folder or else from `compute`.

        A damaged file is computed again.

        Args:
            name: name of the result and of its file.
            compute: function without arguments that returns a dict of arrays.

        Returns:
            The dict of arrays.

        Raises:
            ValueError: when the folder holds the results of other settings.
        """
        if self._directory is None:
            return compute()
        path = self._directory / f"{name}.npz"
        try:
            settings, arrays = archive.read(path)
        except (FileNotFoundError, ValueError):
            arrays = compute()
            archive.write(path, self._settings, arrays)
            return arrays
        if settings != self._settings:
            keys = sorted(settings.keys() | self._settings.keys())
            other = [key for key in keys if settings.get(key) != self._settings.get(key)]
            raise ValueError(
                f"{path} belongs to another build. Choose another `directory`, or delete this one. "
                f"Received: another {', '.join(other)}"
            )
        return arrays
