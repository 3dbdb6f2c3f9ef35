"""The operations of a `.tflite`, by the names of the tensors that they read and write."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Operation:
    """One operation with one output.

    Args:
        inputs: the names of the tensors that it reads, weights too.
        output: the name of the tensor that it writes.
    """

    inputs: tuple[str, ...]
    output: str


def operations(model: bytes) -> list[Operation]:
    """Returns the operations of the main graph, in the order of execution.

    Args:
        model: the bytes of a `.tflite`.

    Returns:
        A list of `Operation`; one with several outputs comes once for each.
    """
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.ModelT.InitFromPackedBuf(model).subgraphs[0]
    names = [tensor.name.decode() for tensor in graph.tensors]
    return [
        # -1 stands for an optional input that is left out.
        Operation(tuple(names[i] for i in op.inputs if i >= 0), names[output])
        for op in graph.operators
        for output in op.outputs
    ]
