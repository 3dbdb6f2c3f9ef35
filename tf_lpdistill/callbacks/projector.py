"""The files of TensorBoard's embedding projector."""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from tf_lpdistill import files
from tf_lpdistill.callbacks.pictures import sprite
from tf_lpdistill.types import PathLike


def write_projector(
    directory: PathLike,
    features: Mapping[str, np.ndarray],
    labels: Sequence[object] | None,
    pixels: np.ndarray | None,
) -> None:
    """Writes features for the projector, each once anew: it shows the last state.

    Args:
        directory: the log folder that TensorBoard is started on.
        features: {name: (n, ...) float}, such as "teacher" and "student".
        labels: (n,) labels of the same samples, or None.
        pixels: (n, height, width, 1 or 3) uint8 of them, or None.
    """
    directory, shared = pathlib.Path(directory), ""
    if labels is not None:
        files.write_text(directory / "labels.tsv", "".join(f"{label}\n" for label in labels))
        shared += '  metadata_path: "labels.tsv"\n'
    if pixels is not None:
        image, shown = sprite(pixels)
        with files.atomic_path(directory / "sprite.png") as temporary:
            temporary.write_bytes(tf.io.encode_png(image).numpy())
        height, width = shown.shape[1:3]
        dimensions = f"single_image_dim: {width} single_image_dim: {height}"
        shared += f'  sprite {{ image_path: "sprite.png" {dimensions} }}\n'
    config = ""
    for name, values in features.items():
        rows = np.asarray(values, np.float32).reshape(len(values), -1)
        lines = ("\t".join(f"{value:.6g}" for value in row) for row in rows)
        files.write_text(directory / f"{name}.tsv", "".join(f"{line}\n" for line in lines))
        config += (
            f'embeddings {{\n  tensor_name: "{name}"\n  tensor_path: "{name}.tsv"\n{shared}}}\n'
        )
    files.write_text(directory / "projector_config.pbtxt", config)
