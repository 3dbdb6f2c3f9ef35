"""`QuantizedStudent`: a student that was trained to be computed in int8."""

from collections.abc import Callable

import keras
import numpy as np

from tf_lpdistill.compression.front import Front
from tf_lpdistill.types import Tensor


class QuantizedStudent:
    """A student whose weights and ranges were trained for int8.

    `tflite.export_bundle` takes it in the place of a Keras model: the int8 file uses the trained
    ranges, the others are made of `.student`. Made by `compression.quantize_aware`.

    Args:
        student: the float `keras.Model` with the trained weights.
        front: the `Front` of the student, which stays in float.
        emulation: function from a batch behind `front` to outputs as int8 computes them.
    """

    def __init__(self, student: keras.Model, front: Front, emulation: Callable[[Tensor], Tensor]):
        self.student = student
        self._front = front
        self._emulation = emulation

    @property
    def name(self) -> str:
        """Name of the student."""
        return self.student.name

    def __call__(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Returns the outputs as int8 computes them, in float32.

        Args:
            inputs: a batch, as the student takes it.
            training: must be False: what is trained on is `.student`.
        """
        if training:
            raise ValueError(
                "A QuantizedStudent only predicts. Received: training=True. Call "
                "compression.quantize_aware on its `.student` to train on."
            )
        return self._emulation(self._front(inputs))

    def predict(self, x: np.ndarray, batch_size: int = 32, verbose: int = 0) -> np.ndarray:
        """Returns the outputs for many samples, as `keras.Model.predict`.

        Args:
            x: array (samples, ...).
            batch_size: samples at a time.
            verbose: 1 for a progress bar.

        Returns:
            (samples, classes) float32 array.
        """
        starts = range(0, len(x), batch_size)
        bar = keras.utils.Progbar(len(starts), verbose=verbose)
        outputs = []
        for start in starts:
            outputs.append(np.asarray(self(x[start : start + batch_size])))
            bar.update(len(outputs))
        return np.concatenate(outputs)
