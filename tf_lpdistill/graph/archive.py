"""Arrays with a few words about them in one .npz file, whole and checksummed, without pickles."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from tf_lpdistill.files import atomic_path, read_arrays
from tf_lpdistill.types import PathLike

_FORMAT = "tf_lpdistill.graph 1"


def write(path: PathLike, about: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Writes a file, whole or not at all.

    Args:
        path: the file.
        about: dict that JSON can hold.
        arrays: dict of str to numpy array.
    """
    about = json.dumps(about, sort_keys=True)
    sealed = {"format": np.array(_FORMAT), "about": np.array(about), **arrays}
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **sealed, sha256=np.array(_digest(sealed)))


def read(path: PathLike) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Reads what `write` wrote.

    Args:
        path: the file.

    Returns:
        `(about, arrays)`.

    Raises:
        FileNotFoundError: when there is no such file.
        ValueError: when the file is damaged or another kind of file.
    """
    try:
        sealed = read_arrays(path)
    except ValueError as error:
        raise ValueError(
            f"{path} cannot be read as a neighbour graph: it is damaged or another kind of "
            f"file. Received: {error}"
        ) from error
    if str(sealed.get("format")) != _FORMAT:
        raise ValueError(
            f"{path} is no neighbour graph. Expected: an archive of the format {_FORMAT!r}. "
            f"Received: an archive of {', '.join(sorted(sealed)) or 'nothing'}"
        )
    digest = str(sealed.pop("sha256", "none"))
    if digest != _digest(sealed):
        raise ValueError(
            f"{path} is damaged: its content does not match its checksum. "
            f"Received: sha256={digest}. Build the graph again."
        )
    del sealed["format"]
    return json.loads(str(sealed.pop("about"))), sealed


def _digest(arrays):
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
