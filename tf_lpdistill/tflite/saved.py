"""Saved models that others made: `.keras`, old `.h5`, SavedModel. None of their code is run."""

import pathlib
import re

import keras

from tf_lpdistill.saving import brief, check_hdf5, check_undamaged
from tf_lpdistill.tflite import old_h5
from tf_lpdistill.types import PathLike

# A graph may touch the disk or the network, or call Python, when it is run or even when it is
# loaded; a classifier has no need to.
_UNSAFE_OPS = re.compile(
    "File|PyFunc|Dataset|Iterator|Reader|Record|Summary|Debug|Print|Rpc|Send|Recv|Checkpoint|BigQuery"
)
# Every SavedModel has a saver beside its signatures, which no signature needs.
_SAVER = re.compile("^(ShardedFilename|MergeV2Checkpoints)$")
_SAVING = re.compile("^(Save|Restore)")


class UnsafeModelError(ValueError):
    """A model that would touch files or run code of its own."""


def load_model(path: PathLike) -> keras.Model:
    """Loads a saved classifier, in Keras's safe mode.

    Args:
        path: a `.keras` file, an `.h5` of Keras 2 or 3, or the folder of a SavedModel with one
            image input and one output in its signature "serving_default" (or its only one).

    Returns:
        A built `keras.Model`, not compiled. That of a SavedModel only predicts.

    Raises:
        FileNotFoundError: when there is nothing at `path`.
        ValueError: when the file is damaged, not a whole model, or asks for code of its own.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no such model. Received: model={path}")
    if path.is_dir():
        return _load_saved_model(path)
    if path.suffix in (".h5", ".hdf5"):
        with old_h5.readable(path) as copy:
            return _load_keras(copy, path)
    return _load_keras(path, path)


def _load_keras(file, path):
    try:
        if file.suffix == ".keras":
            check_undamaged(file)
        elif file.suffix == ".h5":
            check_hdf5(file)
        return keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # a damaged or foreign file fails anywhere, with any error
        raise ValueError(
            f"Keras cannot load the model ({brief(error)}). Received: model={path}. "
            "Expected: a .keras or .h5 file, or a SavedModel folder, of stock layers; for others "
            "import their code and call tflite.export_bundle."
        ) from error


def _load_saved_model(path):
    import tensorflow as tf

    if not (path / "saved_model.pb").is_file():
        raise ValueError(
            f"The folder is no SavedModel: it has no saved_model.pb. Received: model={path}"
        )
    try:
        _check_operations(_operations_of(path), path)
        loaded = tf.saved_model.load(str(path))
    except UnsafeModelError:
        raise
    except Exception as error:  # a damaged one fails anywhere, with any error
        raise ValueError(
            f"TensorFlow cannot load the SavedModel ({brief(error)}). Received: model={path}"
        ) from error
    names = list(loaded.signatures)
    name = names[0] if len(names) == 1 else "serving_default"
    if name not in names:
        raise ValueError(
            "The SavedModel must have a signature 'serving_default'. "
            f"Received: model={path} with signatures {names}"
        )
    signature = loaded.signatures[name]
    _check_signature(signature, path)
    specs = signature.structured_input_signature[1]
    (spec,) = specs.values()
    inputs = keras.Input(batch_shape=(None, *spec.shape[1:]), dtype=spec.dtype.name)
    outputs = keras.layers.TFSMLayer(str(path), call_endpoint=name)(inputs)
    (output,) = keras.tree.flatten(outputs)
    return keras.Model(inputs, output, name="saved_model")


def _check_signature(signature, path):
    specs = signature.structured_input_signature[1]
    outputs = signature.structured_outputs
    shapes = {name: str(spec.shape) for name, spec in specs.items()}
    if len(specs) != 1 or len(outputs) != 1 or next(iter(specs.values())).shape.rank != 4:
        raise ValueError(
            "The SavedModel must take one batch of images (batch, height, width, channels) and "
            f"return one output. Received: model={path} with inputs {shapes} and outputs "
            f"{sorted(outputs)}. Save the part that classifies."
        )
    saving = {op for op in _operations(signature.graph.as_graph_def()) if _SAVING.match(op)}
    _check_operations(saving, path, saving)


def _operations_of(path):
    """The operations of all graphs in a SavedModel; loading it runs some of them."""
    from tensorflow.core.protobuf import saved_model_pb2

    proto = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    return set().union(*(_operations(meta.graph_def) for meta in proto.meta_graphs))


def _operations(graph):
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    return {node.op for node in nodes}


def _check_operations(operations, path, also=frozenset()):
    unsafe = {op for op in operations if _UNSAFE_OPS.search(op) and not _SAVER.match(op)} | also
    if unsafe:
        raise UnsafeModelError(
            "The SavedModel reads or writes files, or calls Python, when it runs. "
            f"Received: model={path} with the operations {sorted(unsafe)}. Expected: a plain "
            "classifier."
        )
