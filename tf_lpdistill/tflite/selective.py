"""An int8 file in which chosen layers stay float."""

import re
import warnings
from collections.abc import Collection

import tensorflow as tf

from tf_lpdistill.tflite import graph


def layers_of(tensor: str, names: Collection[str]) -> list[str]:
    """Returns the layers whose work is fused into a tensor of a `.tflite`.

    The converter names a tensor by the operations that it fused, such as
    "re_lu_1/Relu;conv2d_2/convolution", each under the name of its Keras layer. TensorFlow numbers
    a name that comes again: what is "conv2d_2" there may be the layer `conv2d`, entered for the
    third time. A scope is taken for a layer of just this name only where no such reading is left.

    Args:
        tensor: the tensor's name.
        names: the names of all layers of the student.

    Returns:
        A list of the layers' names, in the order of the operations, each once.
    """
    found = []
    for operation in tensor.split(";"):
        for scope in operation.split("/")[:-1]:
            base = re.sub(r"_\d+$", "", scope)
            found += [base] if base in names else [scope] if scope in names else []
    return list(dict.fromkeys(found))


def find_tensors(model: bytes, layers: Collection[str], names: Collection[str]) -> list[str]:
    """Returns the names of the tensors that the given layers write.

    Args:
        model: the bytes of the float32 `.tflite`.
        layers: the wanted layers' names.
        names: the names of all layers of the student.

    Raises:
        ValueError: when one of `layers` is no layer, or has no operation of its own in the file.
    """
    written = [operation.output for operation in graph.operations(model)]
    by_tensor = {tensor: layers_of(tensor, names) for tensor in written}
    known = sorted({layer for found in by_tensor.values() for layer in found})
    missing = [layer for layer in layers if layer not in known]
    if missing:
        raise ValueError(
            "`float_layers` must name layers that have operations in the file: "
            f"{known}. Received: {missing}"
        )
    return [tensor for tensor, found in by_tensor.items() if set(found) & set(layers)]


def quantize(converter: tf.lite.TFLiteConverter, float_tensors: Collection[str]) -> bytes:
    """Quantizes to int8 all but the operations that write the given tensors.

    Args:
        converter: a `tf.lite.TFLiteConverter` for int8 with its representative data.
        float_tensors: names of tensors, as they are in the float32 file.

    Returns:
        The file's bytes; float32 in and out.
    """
    tools = tf.lite.experimental
    # The debugger's way to leave nodes out refuses a converter that wants int8 everywhere.
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    with warnings.catch_warnings():
        # The debugger opens the file with TensorFlow's own interpreter, which is deprecated.
        warnings.simplefilter("ignore")
        debugger = tools.QuantizationDebugger(
            converter=converter,
            debug_dataset=converter.representative_dataset,
            debug_options=tools.QuantizationDebugOptions(denylisted_nodes=list(float_tensors)),
        )
        return debugger.get_nondebug_quantized_model()
