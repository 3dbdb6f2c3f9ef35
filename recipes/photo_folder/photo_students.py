"""The students of a folder of photos: three widths of MobileNet V1, or networks by name."""

import functools
import pathlib
import re

from given import sources
from tf_lpdistill import models
from tf_lpdistill.data import ImageData

# Widths of MobileNet V1: plain convolutions, all of which compute in int8 on a phone.
SIZES = {"small": 0.125, "medium": 0.25, "large": 0.5}


def find(names, loaded: ImageData, scaling):
    """Finds the students that `--student` lists.

    Args:
        names: each one of `SIZES`, a name for `models.get`, or a `.keras` file.
        loaded: the photos.
        scaling: range of the pixels that they are given.

    Returns:
        {short name for tables and folders: function without arguments that makes the network}.

    Raises:
        ValueError: for no or unknown names, two of one short name, or a file that does not fit.
    """
    found = {}
    for name in names:
        short = re.sub(r"\W", "_", pathlib.Path(name).stem if name.endswith(".keras") else name)
        if short in found:
            raise ValueError(f"--student lists {short!r} twice. Received: {','.join(names)}")
        found[short] = _builder(name, loaded, scaling)
    if not found:
        raise ValueError(
            f"--student must list some of {', '.join(SIZES)}, names of networks, or .keras files. "
            "Received: nothing"
        )
    return found


def _builder(name, loaded, scaling):
    if name in SIZES:
        shape, classes = loaded.image_shape, loaded.num_classes
        return functools.partial(models.mobilenet_v1, shape, classes, name, alpha=SIZES[name])
    return sources.network("student", name, loaded, scaling)
