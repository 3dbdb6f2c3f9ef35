"""Where real data outside the package is found."""

import os
import pathlib

from tf_lpdistill.types import PathLike

VARIABLE = "LPDISTILL_DATA"


def find_data_dir(data_dir: PathLike | None = None) -> pathlib.Path:
    """Finds the folder of data sets.

    Args:
        data_dir: what `--data_dir` says; `None` or "" leaves it to the environment variable
            LPDISTILL_DATA.

    Returns:
        `pathlib.Path` of an existing folder.

    Raises:
        ValueError: when neither names a folder.
        NotADirectoryError: when the one that counts names something else.
    """
    value, origin = data_dir, "--data_dir"
    if not value:
        value, origin = os.environ.get(VARIABLE), f"the environment variable {VARIABLE}"
    if not value:
        raise ValueError(
            "No folder of data sets is given. Pass --data_dir=FOLDER, or set the environment "
            f"variable {VARIABLE} to it."
        )
    folder = pathlib.Path(value).expanduser()
    if not folder.is_dir():
        raise NotADirectoryError(f"{origin} must name a folder that exists. Received: {value}")
    return folder
