"""Keras files of the `.h5` age, written by Keras 2, so that Keras 3 reads them.

Keras 3 refuses five things that Keras 2 wrote: `groups` of layers that have none, the `dtype` of
an initializer, a Sequential as a bare list, the input's shape in its first layer, and optimizers
with `lr`. The weights are as they were; only the JSON beside them is repaired, in a copy.
"""

import contextlib
import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

from tf_lpdistill.types import PathLike

# Keras 2 derived these from Conv2D and wrote its `groups`, always 1, into their configuration.
_WITHOUT_GROUPS = ("DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose")


@contextlib.contextmanager
def readable(path: PathLike) -> Iterator[pathlib.Path]:
    """Yields the path of a copy that Keras 3 reads; the copy is gone after the block.

    Args:
        path: an `.h5` file with a whole model.

    Raises:
        ValueError: when the file is no HDF5, or holds weights only.
    """
    import h5py

    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "model.h5"
        shutil.copyfile(path, copy)
        os.chmod(copy, 0o600)  # the original may be read-only
        try:
            with h5py.File(copy, "r+") as file:
                _repair_file(file, path)
        except OSError as error:
            raise ValueError(
                f"The file is cut or is no HDF5 ({error}). Received: model={path}. Copy it again."
            ) from error
        yield copy


def _repair_file(file, path):
    if "model_config" not in file.attrs:
        raise ValueError(
            "The .h5 holds weights only, not a model. "
            f"Received: model={path}. Build the model in Python, `load_weights`, and save it whole."
        )
    file.attrs["model_config"] = json.dumps(repair(json.loads(file.attrs["model_config"])))
    # Optimizers of Keras 2 (with `lr`) are no longer known, and an export needs none.
    file.attrs.pop("training_config", None)
    file.pop("optimizer_weights", None)


def repair(config: Any) -> Any:
    """Returns a configuration of Keras 2 in the words of Keras 3.

    Args:
        config: the parsed JSON of a model or layer, or any part of it. It is not changed.
    """
    if isinstance(config, list):
        return [repair(part) for part in config]
    if not isinstance(config, dict):
        return config
    config = {key: repair(value) for key, value in config.items()}
    kind, inner = config.get("class_name"), config.get("config")
    if kind == "Sequential":
        return config | {"config": _sequential(inner)}
    if isinstance(inner, dict):
        return config | {"config": _layer(kind, inner)}
    return config


def _sequential(inner):
    """Very old files hold the layers alone; later ones a shape in the first layer."""
    inner = dict(inner) if isinstance(inner, dict) else {"name": "model", "layers": inner}
    layers = [layer | {"config": dict(layer["config"])} for layer in inner["layers"]]
    shape = layers[0]["config"].pop("batch_input_shape", None) if layers else None
    if shape is not None:
        start = {"class_name": "InputLayer", "config": {"batch_shape": shape}}
        layers = [start, *layers]
    return inner | {"layers": layers}


def _layer(kind, inner):
    if kind in _WITHOUT_GROUPS:
        inner.pop("groups", None)
    for key, initializer in inner.items():
        if key.endswith("_initializer") and isinstance(initializer, dict):
            initializer.get("config", {}).pop("dtype", None)
    return inner
