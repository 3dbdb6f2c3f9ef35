"""A folder that is replaced whole or not at all."""

import contextlib
import os
import pathlib
import shutil
import uuid


@contextlib.contextmanager
def replaced(directory):
    """Yields an empty folder that takes the place of `directory` when the block ends well.

    It lies beside `directory`, so that taking its place is a rename. On any error it is removed
    and an earlier `directory` stays as it was.

    Args:
        directory: the final folder; missing parents are made.

    Yields:
        The `pathlib.Path` to fill.
    """
    directory = pathlib.Path(directory).resolve()
    token = uuid.uuid4().hex[:8]
    fresh = directory.with_name(f".{directory.name}-{token}.part")
    fresh.mkdir(parents=True)
    try:
        yield fresh
        _swap(fresh, directory, directory.with_name(f".{directory.name}-{token}.old"))
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
