"""A folder that is replaced whole or not at all."""

import contextlib
import os
import pathlib
import shutil
from collections.abc import Iterator

from tf_lpdistill.files import beside
from tf_lpdistill.types import PathLike


@contextlib.contextmanager
def replaced(directory: PathLike) -> Iterator[pathlib.Path]:
    """Yields an empty folder that takes the place of `directory` when the block ends well.

    It lies beside `directory`, so that taking its place is a rename. On any error it is removed
    and an earlier `directory` stays as it was.

    Args:
        directory: the final folder; missing parents are made.

    Yields:
        The `pathlib.Path` to fill.
    """
    directory = pathlib.Path(directory).resolve()
    directory.parent.mkdir(parents=True, exist_ok=True)
    old = directory.with_name(f".{directory.name}.old")
    if old.exists():  # an earlier process was killed while it swapped
        shutil.rmtree(old) if directory.exists() else os.rename(old, directory)
    fresh = beside(directory)
    fresh.mkdir()
    try:
        yield fresh
        _swap(fresh, directory, old)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _swap(fresh, directory, old):
    if not directory.exists():
        os.rename(fresh, directory)
        return
    os.rename(directory, old)
    try:
        os.rename(fresh, directory)
    except BaseException:
        os.rename(old, directory)
        raise
    shutil.rmtree(old)
