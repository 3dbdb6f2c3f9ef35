"""TFLite metadata and labels inside a `.tflite` file, as Android's libraries look for them.

The format is the public one of TFLite Support (metadata_schema.fbs, file identifier "M001"): a
FlatBuffer in the model's metadata entry "TFLITE_METADATA", and the associated files appended to
the model as an uncompressed zip archive.
https://github.com/tensorflow/tflite-support/blob/master/tensorflow_lite_support/metadata/metadata_schema.fbs
"""

import dataclasses
import io
import pathlib
import zipfile
from collections.abc import Mapping
from typing import Any

import flatbuffers
import numpy as np

from tf_lpdistill.files import check_archive
from tf_lpdistill.tflite import tables
from tf_lpdistill.types import PathLike

LABELS = "labels.txt"
SCORES = "score_calibration.txt"
_ENTRY = "TFLITE_METADATA"
_RGB = 1  # ColorSpaceType
_TENSOR_AXIS_LABELS = 2  # AssociatedFileType
_TENSOR_AXIS_SCORE_CALIBRATION = 4
_INVERSE_LOGISTIC = 2  # ScoreTransformationType: the sigmoid is of the score's logit
# The smallest version of the schema that has every field written here.
_MIN_PARSER_VERSION = "1.0.0"

# {table: {field: (slot, kind)}}, in the order of the schema; what a classifier does not use
# (audio, boxes, tokenizers) is left out.
_SCHEMA = {
    "ModelMetadata": {
        "name": (0, "string"),
        "description": (1, "string"),
        "version": (2, "string"),
        "subgraph_metadata": (3, "[SubGraphMetadata]"),
        "author": (4, "string"),
        "license": (5, "string"),
        "min_parser_version": (7, "string"),
    },
    "SubGraphMetadata": {
        "input_tensor_metadata": (2, "[TensorMetadata]"),
        "output_tensor_metadata": (3, "[TensorMetadata]"),
    },
    "TensorMetadata": {
        "name": (0, "string"),
        "description": (1, "string"),
        "content": (3, "Content"),
        "process_units": (4, "[ProcessUnit]"),
        "stats": (5, "Stats"),
        "associated_files": (6, "[AssociatedFile]"),
    },
    "Content": {"content_properties": (0, {1: "FeatureProperties", 2: "ImageProperties"})},
    "FeatureProperties": {},
    "ImageProperties": {"color_space": (0, "int8"), "default_size": (1, "ImageSize")},
    "ImageSize": {"width": (0, "uint32"), "height": (1, "uint32")},
    "ProcessUnit": {"options": (0, {1: "NormalizationOptions", 2: "ScoreCalibrationOptions"})},
    "NormalizationOptions": {"mean": (0, "[float]"), "std": (1, "[float]")},
    "ScoreCalibrationOptions": {"score_transformation": (0, "int8")},
    "Stats": {"max": (0, "[float]"), "min": (1, "[float]")},
    "AssociatedFile": {
        "name": (0, "string"),
        "description": (1, "string"),
        "type": (2, "int8"),
    },
}


@dataclasses.dataclass(frozen=True)
class About:
    """What a file says of itself to whoever finds it on a phone.

    Args:
        description: one or two sentences; "" for one made from the facts.
        version: the version of the model, in its maker's own counting.
        author: who made it; "" leaves it out.
        license: its licence; "" leaves it out.
    """

    description: str = ""
    version: str = "1"
    author: str = ""
    license: str = ""


def classifier(
    name: str, about: About, image_size: tuple[int, int], num_classes: int, calibrated: bool = False
) -> dict[str, Any]:
    """Returns the metadata of an image classifier as a dict.

    Args:
        name: the model's name.
        about: an `About`.
        image_size: (height, width) of the input, in pixels.
        num_classes: number of labels.
        calibrated: whether the file `SCORES` is attached as well.
    """
    probability = {
        "name": "probability",
        "description": f"Probabilities of the {num_classes} labels.",
        "content": {"content_properties": {"FeatureProperties": {}}},
        "stats": {"max": [1.0], "min": [0.0]},
        "associated_files": [
            {"name": LABELS, "description": "One label a line.", "type": _TENSOR_AXIS_LABELS}
        ],
    }
    if calibrated:
        options = {"ScoreCalibrationOptions": {"score_transformation": _INVERSE_LOGISTIC}}
        probability["process_units"] = [{"options": options}]
        probability["associated_files"].append(
            {
                "name": SCORES,
                "description": "Scale, slope and offset of each class's sigmoid.",
                "type": _TENSOR_AXIS_SCORE_CALIBRATION,
            }
        )
    description = f"Image classifier with {num_classes} classes."
    return _model(name, about, description, _image(image_size), probability)


def embedder(
    name: str, about: About, image_size: tuple[int, int], dimensions: int
) -> dict[str, Any]:
    """Returns the metadata of a student that returns embeddings, as a dict.

    Args:
        name: the model's name.
        about: an `About`.
        image_size: (height, width) of the input, in pixels.
        dimensions: numbers in an embedding.
    """
    embedding = {
        "name": "embedding",
        "description": f"An embedding of {dimensions} numbers.",
        "content": {"content_properties": {"FeatureProperties": {}}},
    }
    description = f"Image embedder with {dimensions} dimensions."
    return _model(name, about, description, _image(image_size), embedding)


def _image(image_size):
    height, width = image_size
    return {
        "name": "image",
        "description": "RGB pixels 0..255, as they are.",
        "content": {
            "content_properties": {
                "ImageProperties": {
                    "color_space": _RGB,
                    "default_size": {"width": width, "height": height},
                }
            }
        },
        # Mean 0 and std 1 since the model scales itself; MediaPipe refuses files without.
        "process_units": [{"options": {"NormalizationOptions": {"mean": [0.0], "std": [1.0]}}}],
        "stats": {"max": [255.0], "min": [0.0]},
    }


def _model(name, about, description, source, output):
    words = {
        "name": name,
        "description": about.description or description,
        "version": about.version,
        "author": about.author,
        "license": about.license,
        "min_parser_version": _MIN_PARSER_VERSION,
    }
    return {key: word for key, word in words.items() if word} | {
        "subgraph_metadata": [
            {"input_tensor_metadata": [source], "output_tensor_metadata": [output]}
        ]
    }


class _AlignedBuilder(flatbuffers.Builder):
    """Keeps weights on 16 bytes, as the schema of TFLite asks and the Python packer forgets."""

    def CreateNumpyVector(self, x):  # noqa: N802  (the name of flatbuffers)
        self.Prep(16, x.nbytes)
        return super().CreateNumpyVector(x)


def attach(model: bytes, metadata: dict[str, Any], files: Mapping[str, bytes]) -> bytes:
    """Returns the model with metadata and associated files, and checks them by reading back.

    Args:
        model: the bytes of a `.tflite` without metadata.
        metadata: a dict as `classifier` and `embedder` make.
        files: `{name: bytes}` of the associated files.

    Raises:
        RuntimeError: when what is read back is not what was written.
    """
    from ai_edge_litert import schema_py_generated as schema

    tree = schema.ModelT.InitFromPackedBuf(model)
    buffer, entry = schema.BufferT(), schema.MetadataT()
    data = tables.encode(_SCHEMA, "ModelMetadata", metadata, "M001")
    buffer.data = np.frombuffer(data, np.uint8)
    entry.name, entry.buffer = _ENTRY, len(tree.buffers)
    tree.buffers.append(buffer)
    tree.metadata = [*(tree.metadata or []), entry]
    builder = _AlignedBuilder(len(model) + len(data))
    builder.Finish(tree.Pack(builder), b"TFL3")
    result = _append_zip(bytes(builder.Output()), files)
    if read(result) != (metadata, files):
        raise RuntimeError(
            f"The metadata did not survive being written. Received: {read(result)[0]}, "
            f"expected: {metadata}. Please report this."
        )
    return result


def _append_zip(model, files):
    if not files:
        return model
    stream = io.BytesIO(model)
    with zipfile.ZipFile(stream, "a") as archive:
        for name, data in files.items():
            # A fixed date and system: the same student gives the same bytes. Not compressed, as
            # MediaPipe reads the files in place.
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, data, zipfile.ZIP_STORED)
    return stream.getvalue()


def read(model: PathLike | bytes) -> tuple[dict[str, Any] | None, dict[str, bytes]]:
    """Reads metadata and associated files out of a `.tflite`.

    Args:
        model: the file's path, or its bytes.

    Returns:
        `(metadata, files)`: the dict that `classifier` made, or None where there is none, and
        `{name: bytes}`.

    Raises:
        ValueError: when the file is damaged, or a decompression bomb.
    """
    data = model if isinstance(model, bytes) else pathlib.Path(model).read_bytes()
    try:
        found = _read_files(data)
        return _read_metadata(data), found
    except Exception as error:  # a damaged table fails anywhere, with any error
        received = "bytes" if isinstance(model, bytes) else model
        raise ValueError(
            f"The metadata of the TensorFlow Lite file are damaged ({error!r}). Received: "
            f"model={received}"
        ) from error


def _read_metadata(data):
    from ai_edge_litert import schema_py_generated as schema

    root = schema.Model.GetRootAs(data)
    for i in range(root.MetadataLength()):
        if root.Metadata(i).Name() == _ENTRY.encode():
            raw = root.Buffers(root.Metadata(i).Buffer()).DataAsNumpy().tobytes()
            return tables.decode(_SCHEMA, "ModelMetadata", raw)
    return None


def _read_files(data):
    stream = io.BytesIO(data)
    if not zipfile.is_zipfile(stream):
        return {}
    check_archive(stream)
    with zipfile.ZipFile(stream) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
