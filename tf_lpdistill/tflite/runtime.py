"""The LiteRT interpreter on this host, one image at a time, and silence for its C++ side."""

import contextlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from tf_lpdistill.types import PathLike


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Discards what C++ code writes to file descriptor 2 inside the block.

    The converter and the interpreter log dozens of lines there, past `logging` and `sys.stderr`;
    what matters of them is also in the exceptions they raise.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as sink:
            os.dup2(sink.fileno(), 2)
            yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)


class Runner:
    """One `.tflite` classifier, ready to run: RGB pixels in, probabilities out.

    Args:
        path: the `.tflite` file, or its bytes.
        threads: CPU threads of the interpreter.

    Raises:
        ImportError: when `ai_edge_litert` is not installed.
        ValueError: when LiteRT refuses the file.
    """

    def __init__(self, path: PathLike | bytes, threads: int = 1):
        """Opens the file and allocates its tensors."""
        interpreter = import_interpreter()
        with quiet():
            try:
                source = (
                    {"model_content": path}
                    if isinstance(path, bytes)
                    else {"model_path": str(path)}
                )
                self._interpreter = interpreter.Interpreter(**source, num_threads=threads)
                self._interpreter.allocate_tensors()
            except (ValueError, RuntimeError) as error:
                raise ValueError(
                    f"LiteRT cannot open the file: {error} Received: path={str(path)[:200]}. "
                    "Export it again."
                ) from error
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(batch, height, width, 3)."""
        return tuple(int(side) for side in self._input["shape"])

    def load(self, image: np.ndarray) -> None:
        """Copies pixels 0..255 into the input tensor: a whole batch, or one image for all of it."""
        batch = np.broadcast_to(np.asarray(image).astype(self._input["dtype"]), self.input_shape)
        self._interpreter.set_tensor(self._input["index"], batch)

    def invoke(self) -> None:
        """Runs the network once on the loaded image."""
        self._interpreter.invoke()

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Returns the probabilities of one image, (classes,) float32."""
        return self.run_batch(image)[0]

    def run_batch(self, images: np.ndarray) -> np.ndarray:
        """Returns the probabilities of a whole batch, (batch, classes) float32."""
        self.load(images)
        self.invoke()
        return self._interpreter.get_tensor(self._output["index"])


def open_all_tensors(model: bytes) -> tuple[Any, list[dict[str, Any]]]:
    """Opens a model so that every tensor can be read after a run.

    Args:
        model: the bytes of a `.tflite`.

    Returns:
        `(interpreter, details)`: a LiteRT interpreter with its tensors allocated, and the details
        of the model's own tensors, a list of dicts as LiteRT gives them.
    """
    interpreter = import_interpreter()
    from ai_edge_litert import schema_py_generated as schema

    with quiet():
        runner = interpreter.Interpreter(
            model_content=model,
            experimental_preserve_all_tensors=True,
            # XNNPACK would hide the tensors inside the parts that it takes over.
            experimental_op_resolver_type=(
                interpreter.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            ),
        )
        runner.allocate_tensors()
    # Behind the model's own tensors the kernels keep scratch memory, which holds anything.
    own = schema.Model.GetRootAs(model).Subgraphs(0).TensorsLength()
    return runner, [t for t in runner.get_tensor_details() if t["index"] < own]


def import_interpreter() -> ModuleType:
    """Returns the module `ai_edge_litert.interpreter`.

    Raises:
        ImportError: when it is not installed, with the command that installs it.
    """
    try:
        from ai_edge_litert import interpreter
    except ImportError as error:
        raise ImportError(
            "Running .tflite files needs the package ai-edge-litert: "
            'pip install "tf_lpdistill[tflite]".'
        ) from error
    return interpreter
