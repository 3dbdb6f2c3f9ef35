"""What a traced TensorFlow graph computes: operations and memory, read off it without running it.

A graph is its list of operations; the order of their creation is one in which they can run.
"""

import math

import tensorflow as tf

from tf_lpdistill.types import Structure

# Other names for the same memory: they cost nothing.
_VIEWS = {
    "Identity", "IdentityN", "Reshape", "Squeeze", "ExpandDims", "StopGradient", "PreventGradient",
    "EnsureShape", "Snapshot", "Placeholder", "Const", "ReadVariableOp", "Shape", "ShapeN",
    "Size", "Rank", "NoOp",
}  # fmt: skip
_MOVES = {
    "Transpose", "ConcatV2", "Pack", "Unpack", "Split", "SplitV", "Slice", "StridedSlice",
    "StridedSliceGrad", "GatherV2", "GatherNd", "Pad", "PadV2", "Tile", "BroadcastTo", "Fill",
    "ZerosLike", "OnesLike", "Cast", "Range", "ReverseV2", "MirrorPad", "ConcatOffset",
    "BroadcastGradientArgs", "InvertPermutation", "ScatterNd",
}  # fmt: skip


def operations(graph: tf.Graph, outputs: Structure) -> int:
    """Counts the arithmetic that the outputs of a graph need.

    A product of matrices and a convolution count two operations for each multiplication with its
    addition; moving or renaming data counts none; every other operation, be it a sum or an
    exponential, counts one for each number of its largest tensor. A branch counts as one.

    Args:
        graph: a `tf.Graph`.
        outputs: tensors of it.

    Returns:
        int.

    Raises:
        ValueError: for a graph with loops, or tensors whose sizes depend on values.
    """
    return sum(map(_operations_of, _needed(graph, outputs)))


def peak_bytes(graph: tf.Graph, outputs: Structure) -> int:
    """Finds how much memory the outputs of a graph need while they are computed.

    Operations run one after the other, in the order in which they were traced, and each tensor is
    freed after its last use. The inputs of the graph are not counted; the outputs are. A compiler
    that fuses operations needs less, an executor that runs some at the same time may need more.

    Args:
        graph: a `tf.Graph`.
        outputs: tensors of it.

    Returns:
        int, bytes.

    Raises:
        ValueError: as `operations` does.
    """
    needed = _needed(graph, outputs)
    last_use = {_owner(t).ref(): i for i, op in enumerate(needed) for t in op.inputs}
    last_use |= {_owner(t).ref(): len(needed) for t in outputs}
    alive, peak = {}, 0
    for i, op in enumerate(needed):
        if op.type not in _VIEWS:
            alive |= {tensor.ref(): _size(tensor) * tensor.dtype.size for tensor in op.outputs}
        peak = max(peak, sum(alive.values()))
        alive = {ref: size for ref, size in alive.items() if last_use.get(ref, 0) > i}
    return peak


def _needed(graph, outputs):
    """The operations that the outputs depend on, in the order of their creation."""
    seen, pending = set(), [tensor.op for tensor in outputs]
    while pending:
        op = pending.pop()
        if op not in seen:
            seen.add(op)
            pending += [tensor.op for tensor in op.inputs]
    for op in seen:
        loop = op.type in ("While", "StatelessWhile")
        if loop or not all(tensor.shape.is_fully_defined() for tensor in op.outputs):
            raise ValueError(
                "The cost cannot be read off the graph, which has "
                + ("a loop" if loop else "a tensor whose size depends on values")
                + f": {op.type} {op.name!r}. Some losses loop on large batches: ask for a smaller "
                "one. What compares all pairs of samples grows with the square of the batch."
            )
    return [op for op in graph.get_operations() if op in seen]


def _owner(tensor):
    """The tensor whose memory this one names."""
    while tensor.op.type in _VIEWS and len(tensor.op.inputs) and tensor.dtype.is_floating:
        tensor = tensor.op.inputs[tensor.value_index]
    return tensor


def _operations_of(op):
    if op.type in _VIEWS | _MOVES:
        return 0
    if op.type in _PRODUCTS:
        return 2 * _PRODUCTS[op.type](op)
    return max((_size(tensor) for tensor in (*op.inputs, *op.outputs)), default=0)


def _matrix_product(op):
    transposed = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
    return _size(op.outputs[0]) * op.inputs[0].shape[-2 if transposed else -1]


def _einstein_sum(op):
    terms = op.get_attr("equation").decode().partition("->")[0].split(",")
    sides = {}
    for term, tensor in zip(terms, op.inputs, strict=True):
        sides |= dict(zip(term, tensor.shape, strict=True))
    return math.prod(sides.values())


def _convolution(op):
    """Each number of the result meets the kernel once: forward, and in both gradients."""
    kernel = op.outputs[0] if op.type.endswith("BackpropFilter") else op.inputs[1]
    result = op.inputs[2] if "Backprop" in op.type else op.outputs[0]
    own = kernel.shape[:2] if op.type.startswith("Depthwise") else kernel.shape[:-1]
    return _size(result) * math.prod(own)


_PRODUCTS = {
    "MatMul": _matrix_product,
    "BatchMatMulV2": _matrix_product,
    "BatchMatMulV3": _matrix_product,
    "Einsum": _einstein_sum,
    **{
        f"{kind}{suffix}": _convolution
        for kind in ("Conv2D", "DepthwiseConv2dNative")
        for suffix in ("", "BackpropInput", "BackpropFilter")
    },
}


def _size(tensor):
    return math.prod(tensor.shape)
