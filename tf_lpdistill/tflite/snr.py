"""Where int8 loses: the signal-to-noise ratio of every layer, and the drop from its inputs."""

import dataclasses

import numpy as np

from tf_lpdistill.tflite import graph
from tf_lpdistill.tflite.runtime import open_all_tensors

# 8 bits give some 40 dB; beyond 60 dB nothing is lost, and less than 0 dB is all noise.
_HIGHEST = 60.0
_LOWEST = 0.0


@dataclasses.dataclass(frozen=True)
class TensorNoise:
    """One activation of a quantized file beside the same one in float.

    Args:
        tensor: its name.
        snr: mean over the channels of the signal-to-noise ratio, in dB, each within 0..60. By
            channel, since one large channel would hide that the others are lost.
        loss: dB lost against the noisiest input of the operation.
        readers: names of the tensors that are computed from it.
    """

    tensor: str
    snr: float
    loss: float
    readers: tuple[str, ...]


def compare(float_model: bytes, quantized_model: bytes, images: np.ndarray) -> list[TensorNoise]:
    """Runs both files on the same images and compares every activation that both name.

    Args:
        float_model: the bytes of the float32 `.tflite`.
        quantized_model: the bytes of the same student's int8 `.tflite`.
        images: (n, height, width, 3) uint8.

    Returns:
        A list of `TensorNoise`, in the order of execution.
    """
    operations = graph.operations(float_model)
    written = {operation.output for operation in operations}
    reference, quantized = (_Tensors(m, written) for m in (float_model, quantized_model))
    shared = [name for name in reference.details if name in quantized.details]
    signal, noise = dict.fromkeys(shared, 0.0), dict.fromkeys(shared, 0.0)
    for image in images:
        reference.run(image)
        quantized.run(image)
        for name in shared:
            value = reference.read(name)
            axes = tuple(range(value.ndim - 1))
            signal[name] = signal[name] + np.sum(np.square(value), axes)
            noise[name] = noise[name] + np.sum(np.square(value - quantized.read(name)), axes)
    ratios = {name: decibels(signal[name], noise[name]) for name in shared}
    return [
        TensorNoise(
            operation.output,
            ratios[operation.output],
            min((ratios.get(name, _HIGHEST) for name in operation.inputs), default=_HIGHEST)
            - ratios[operation.output],
            tuple(o.output for o in operations if operation.output in o.inputs),
        )
        for operation in operations
        if operation.output in ratios
    ]


def decibels(signal: np.ndarray, noise: np.ndarray) -> float:
    """Returns the mean signal-to-noise ratio of the channels that carry a signal, in dB.

    Args:
        signal: (channels,) summed squares of the float values.
        noise: (channels,) summed squares of the differences.
    """
    live = signal > 0.0
    if not live.any():
        return _HIGHEST
    with np.errstate(divide="ignore"):
        ratios = 10.0 * np.log10(signal[live] / noise[live])
    return float(np.mean(np.clip(ratios, _LOWEST, _HIGHEST)))


class _Tensors:
    """The activations of a file after a run, as real numbers."""

    def __init__(self, model, names):
        self._runner, details = open_all_tensors(model)
        self.details = {d["name"]: d for d in details if d["name"] in names}
        self._input = self._runner.get_input_details()[0]

    def run(self, image):
        batch = np.broadcast_to(image.astype(self._input["dtype"]), self._input["shape"])
        self._runner.set_tensor(self._input["index"], batch)
        self._runner.invoke()

    def read(self, name):
        detail = self.details[name]
        value = self._runner.get_tensor(detail["index"]).astype("float64")
        scale, zero_point = detail["quantization"]
        return (value - zero_point) * scale if scale else value
