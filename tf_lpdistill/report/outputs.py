"""The files that a run leaves behind: what goes to the phone, and the Keras models."""

import pathlib

from tf_lpdistill import files
from tf_lpdistill.report.record import Record
from tf_lpdistill.report.run import RunFile


def read_files(directory: pathlib.Path) -> tuple[RunFile, ...]:
    """Lists the files of phone/ (the .tflite first) and the *.keras of a run folder.

    Sizes and checksums are taken from the files themselves.

    Args:
        directory: `pathlib.Path` of the run folder.

    Returns:
        A tuple of `RunFile`; empty when there are none.

    Raises:
        ValueError: when phone/bundle.json is damaged, or a file is not the one that it describes.
    """
    phone = directory / "phone"
    paths = sorted(phone.glob("*"), key=lambda path: (path.suffix != ".tflite", path.name))
    paths += sorted(directory.glob("*.keras"))
    found = tuple(
        RunFile(path.relative_to(directory).as_posix(), path.stat().st_size, files.sha256(path))
        for path in paths
        if path.is_file() and not path.name.startswith(".")
    )
    if (phone / "bundle.json").is_file():
        _check(Record.read(phone / "bundle.json"), {file.name: file.sha256 for file in found})
    return found


def _check(bundle, checksums):
    entries = bundle.record("files")
    for precision in entries.keys():
        entry = entries.record(precision)
        name, expected = f"phone/{entry.text('file')}", entry.text("sha256")
        received = checksums.get(name, "no such file")
        if received != expected:
            raise ValueError(
                f"{name} is not the file that phone/bundle.json describes: expected SHA-256 "
                f"{expected}. Received: {received}. Export the bundle again."
            )
