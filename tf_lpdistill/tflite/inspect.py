"""What a `.tflite` file is made of: operations, versions, types, sizes, the runtime it needs."""

import collections
import pathlib
import zlib
from typing import Any

from tf_lpdistill import files
from tf_lpdistill.types import PathLike

_INTEGERS = ("INT8", "INT16")


def inspect_file(path: PathLike) -> dict[str, Any]:
    """Reads the facts of a `.tflite` from the file itself.

    Args:
        path: the file.

    Returns:
        A dict of JSON values: `bytes`; `zipped_bytes`, as an APK would compress it; `sha256`;
        `minimum_runtime`, the oldest TensorFlow Lite that runs it, or None where the file does not
        say; `ops`, a list of `{"name", "version", "count"}`; `int8_share`, the share of int8 among
        the operations that compute; `int16_share`, likewise; `float_ops`, the names of those that
        compute in float; `input` and `output`, each with `name`, `shape`, `dtype`, `scale`,
        `zero_point` (the last two None where the tensor is not quantized).

    Raises:
        ValueError: when the file is not a `.tflite`, or is damaged.
    """
    from ai_edge_litert import schema_py_generated as schema

    path = pathlib.Path(path)
    data = path.read_bytes()
    if data[4:8] != b"TFL3":
        raise ValueError(
            f"Not a TensorFlow Lite file. Received: path={path}, which begins with {data[:8]!r}"
        )
    try:
        model = schema.ModelT.InitFromPackedBuf(data)
        facts = _ops(model, schema) | _ends(model, schema)
        runtime = _minimum_runtime(model)
    except Exception as error:  # a damaged table fails anywhere, with any error
        raise ValueError(
            f"The TensorFlow Lite file is damaged ({error!r}). Received: path={path}"
        ) from error
    return {
        "bytes": len(data),
        "zipped_bytes": len(zlib.compress(data, 9)),
        "sha256": files.sha256(path),
        "minimum_runtime": runtime,
        **facts,
    }


def output_width(model: bytes) -> int:
    """Returns the last side of the output of a `.tflite`.

    Args:
        model: its bytes.
    """
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.ModelT.InitFromPackedBuf(model).subgraphs[0]
    return int(graph.tensors[graph.outputs[0]].shape[-1])


def _minimum_runtime(model):
    for entry in model.metadata or []:
        if entry.name == b"min_runtime_version":
            text = bytes(model.buffers[entry.buffer].data).rstrip(b"\0").decode()
            return text or None
    return None


def _names(enum):
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}


def _ops(model, schema):
    names, types = _names(schema.BuiltinOperator), _names(schema.TensorType)
    counts, computing = collections.Counter(), collections.Counter()
    for graph in model.subgraphs:
        for op in graph.operators:
            code = model.operatorCodes[op.opcodeIndex]
            # Codes up to 127 lie in the old one-byte field, later ones in the new field only.
            name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
            name = code.customCode.decode() if name == "CUSTOM" else name
            counts[name, code.version] += 1
            dtype = types[graph.tensors[op.outputs[0]].type]
            if name not in ("QUANTIZE", "DEQUANTIZE") and dtype in (
                *_INTEGERS,
                "FLOAT32",
                "FLOAT16",
            ):
                computing[name, dtype] += 1
    total = max(sum(computing.values()), 1)
    int8, int16 = (sum(n for (_, d), n in computing.items() if d == kind) for kind in _INTEGERS)
    return {
        "ops": [
            {"name": name, "version": version, "count": count}
            for (name, version), count in sorted(counts.items())
        ],
        "int8_share": int8 / total,
        "int16_share": int16 / total,
        "float_ops": sorted({name for name, dtype in computing if dtype not in _INTEGERS}),
    }


def _ends(model, schema):
    types, graph = _names(schema.TensorType), model.subgraphs[0]

    def describe(index):
        tensor = graph.tensors[index]
        scale = getattr(tensor.quantization, "scale", None)
        quantized = scale is not None and len(scale) > 0
        return {
            "name": tensor.name.decode(),
            "shape": [int(side) for side in tensor.shape],
            "dtype": types[tensor.type].lower(),
            "scale": float(scale[0]) if quantized else None,
            "zero_point": int(tensor.quantization.zeroPoint[0]) if quantized else None,
        }

    return {"input": describe(graph.inputs[0]), "output": describe(graph.outputs[0])}
