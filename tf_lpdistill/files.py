"""Files that are either whole or absent, and archives that are read without trust in them."""

import contextlib
import glob
import hashlib
import json
import os
import pathlib
import shutil
import socket
import uuid
import zipfile
from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np

from tf_lpdistill.types import PathLike

# Deflate packs zeros a thousandfold, images and weights less than tenfold.
_MAX_RATIO = 200
_ALWAYS_FITS = 2**28  # bytes, unpacked, that are never taken for a bomb
_SEAL = "seal"  # of a JSON object: the SHA-256 of the rest of it
_MAKE_ANEW = "Remove it: what it holds is then made anew."


@contextlib.contextmanager
def atomic_path(path: PathLike) -> Iterator[pathlib.Path]:
    """Yields a temporary path beside `path` and renames it to `path` on success.

    On any error the temporary file is removed and an earlier file at `path` is left as it was.
    The temporary name keeps the suffix of `path`, so writers that look at it (Keras does) behave
    the same.

    Args:
        path: the final path, `str` or `pathlib.Path`; missing parent folders are made.

    Yields:
        A `pathlib.Path` to write to.

    Raises:
        OSError: when the folder cannot be made, or the disk refuses the file.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    suffixes = "".join(path.suffixes)
    temporary = beside(path.with_name(path.name.removesuffix(suffixes) or path.name), suffixes)
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def beside(path: pathlib.Path, suffixes: str = "") -> pathlib.Path:
    """Returns a temporary hidden name beside `path`, and removes what killed processes left there.

    Args:
        path: `pathlib.Path` of the final file or folder, without the suffixes.
        suffixes: what the temporary name must end in.

    Returns:
        A `pathlib.Path` that does not exist, in the folder of `path`.
    """
    start = f".{path.name}-{socket.gethostname()}-"
    for left in path.parent.glob(f"{glob.escape(start)}*.part*"):
        pid = left.name.removeprefix(start).partition("-")[0]
        if pid.isdigit() and not _runs(int(pid)):
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
    return path.with_name(f"{start}{os.getpid()}-{uuid.uuid4().hex[:8]}.part{suffixes}")


def _runs(pid):
    """Whether a process of this computer runs; a number that was given again counts as running."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True


def lock(folder: PathLike, message: str) -> Callable[[], None]:
    """Locks a folder for this process; the lock ends with the process, however it ends.

    Args:
        folder: an existing folder; no file is made in it.
        message: of the error.

    Returns:
        A function without arguments that gives the lock back.

    Raises:
        BlockingIOError: when another process holds it.
    """
    try:
        import fcntl
    except ImportError:  # Windows: nothing hinders a second process there
        return lambda: None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise BlockingIOError(message) from error
    return lambda: os.close(descriptor)


def write_text(path: PathLike, text: str) -> None:
    """Writes `text` (UTF-8) to `path`, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: PathLike, value: object) -> None:
    """Writes `value` as indented JSON to `path`, whole or not at all."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def write_sealed_json(path: PathLike, value: dict) -> None:
    """Writes a JSON object together with its checksum to `path`, whole or not at all."""
    write_json(path, {**value, _SEAL: json_sha256(value)})


def read_sealed_json(path: PathLike, required: bool = True) -> dict:
    """Reads what `write_sealed_json` wrote.

    Args:
        path: the file.
        required: whether one without a checksum is refused; else it is taken as it is.

    Returns:
        dict.

    Raises:
        FileNotFoundError: when there is no such file.
        ValueError: when it is damaged.
    """
    text = pathlib.Path(path).read_bytes()
    try:
        value = json.loads(text.decode())
        seal = value.pop(_SEAL, None)
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged ({error}). {_MAKE_ANEW}") from error
    if seal != json_sha256(value) and (required or seal is not None):
        raise ValueError(
            f"{path} is damaged: its checksum differs. Received: {_SEAL}={seal!r}. {_MAKE_ANEW}"
        )
    return value


def json_sha256(value: object) -> str:
    """Returns the SHA-256 of plain values as 64 hexadecimal digits; the order of keys is alike."""
    text = json.dumps(json.loads(json.dumps(value)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def sha256(path: PathLike) -> str:
    """Returns the SHA-256 of the file at `path` as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_archive(file: PathLike | BinaryIO) -> None:
    """Refuses a zip archive that is far larger unpacked than packed.

    Args:
        file: path, or binary file open for reading.

    Raises:
        ValueError: for such a decompression bomb.
        zipfile.BadZipFile: for a file that is no whole archive.
    """
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    check_ratio(sum(m.compress_size for m in members), sum(m.file_size for m in members))


def check_ratio(packed: int, unpacked: int) -> None:
    """Refuses what is far larger unpacked than packed.

    Args:
        packed: bytes of the file.
        unpacked: bytes that it says it holds.

    Raises:
        ValueError: for such a decompression bomb.
    """
    if unpacked > max(_ALWAYS_FITS, _MAX_RATIO * packed):
        raise ValueError(
            f"the archive would unpack from {packed:,} to {unpacked:,} bytes: a decompression bomb"
        )


def read_arrays(path: PathLike) -> dict[str, np.ndarray]:
    """Reads an `.npz` archive of plain arrays; nothing pickled in it is ever loaded.

    Args:
        path: the file.

    Returns:
        {name: array}.

    Raises:
        FileNotFoundError: when there is no such file.
        ValueError: with the reason, when it is damaged, no such archive, holds Python objects, or
            is a decompression bomb.
    """
    # numpy leaves a file open that it opened itself and could not read.
    with open(path, "rb") as file:
        try:
            check_archive(file)
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
        except Exception as error:  # numpy and zipfile raise a dozen kinds for damaged bytes
            raise ValueError(f"{type(error).__name__}: {error}") from error
