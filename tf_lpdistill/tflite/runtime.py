"""The LiteRT interpreter on this host, one image at a time, and silence for its C++ side."""

import contextlib
import os
import sys

import numpy as np


@contextlib.contextmanager
def quiet():
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
        path: the `.tflite` file.
        threads: CPU threads of the interpreter.

    Raises:
        ImportError: when `ai_edge_litert` is not installed.
        ValueError: when LiteRT refuses the file.
    """

    def __init__(self, path, threads=1):
        """Opens the file and allocates its tensors."""
        interpreter = import_interpreter()
        with quiet():
            try:
                self._interpreter = interpreter.Interpreter(str(path), num_threads=threads)
                self._interpreter.allocate_tensors()
            except (ValueError, RuntimeError) as error:
                raise ValueError(
                    f"LiteRT cannot open the file: {error} Received: path={path}. Export it again."
                ) from error
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]

    @property
    def input_shape(self):
        """(1, height, width, 3)."""
        return tuple(int(side) for side in self._input["shape"])

    def load(self, image):
        """Copies one image, (height, width, 3) pixels 0..255, into the input tensor."""
        self._interpreter.set_tensor(
            self._input["index"], np.asarray(image)[None].astype(self._input["dtype"])
        )

    def invoke(self):
        """Runs the network once on the loaded image."""
        self._interpreter.invoke()

    def __call__(self, image):
        """Returns the probabilities of one image, (classes,) float32."""
        self.load(image)
        self.invoke()
        return self._interpreter.get_tensor(self._output["index"])[0]


def import_interpreter():
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
