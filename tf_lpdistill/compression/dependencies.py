"""The way of the channels through a student, from the layers that make them to those that read."""

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np

from tf_lpdistill.compression.channel_rules import (
    Call,
    CannotFollow,
    rule_of,
    why_all_outputs,
)
from tf_lpdistill.compression.channels import Channels
from tf_lpdistill.compression.rebuild import call_layer, rebuild
from tf_lpdistill.structure import list_layers


@dataclasses.dataclass(frozen=True)
class Dependencies:
    """Who shares channels with whom.

    Args:
        channels: the `Channels`.
        ends: by the path of a layer that can be followed the channels of its first input and of its
            output, two arrays of numbers.
    """

    channels: Channels
    ends: dict


def trace_channels(student: keras.Model, keep: Sequence[str] = ()) -> Dependencies:
    """Follows all channels of a student, or says where they cannot be followed.

    The channels of inputs and outputs are kept.

    Args:
        student: a built Functional or Sequential `keras.Model`.
        keep: paths of layers whose output keeps all its channels; the input, too, of those that
            cannot be followed.

    Returns:
        `Dependencies`.

    Raises:
        ValueError: for paths that the student does not have; with all layers that cannot be
            followed, although channels that might go reach them, and the way out.
    """
    known = list_layers(student)
    unknown = sorted(set(keep) - set(known))
    if unknown:
        raise ValueError(
            f"`keep` must name layers of {student.name!r}. Received: keep={list(keep)}, where "
            f"{unknown} are none. Its layers: {known}"
        )
    tracer = _Tracer(set(keep))
    model, _ = rebuild(student, call=tracer.call)
    for output in model.outputs:
        tracer.channels.keep(tracer.numbers(output))
    tracer.check(student.name)
    return Dependencies(tracer.channels, tracer.ends)


class _Tracer:
    """Looks on while a model is built anew, and notes the channels of every tensor."""

    def __init__(self, keep):
        self.channels = Channels()
        self.ends = {}
        self._keep = keep
        self._tensors = {}
        self._lost = {}

    def numbers(self, tensor):
        """The channels of a tensor; those of one that no layer made stay."""
        if id(tensor) not in self._tensors:
            width = tensor.shape[-1] if len(tensor.shape) > 1 else None
            self._note(tensor, self.channels.new(width or 1, kept=True))
        return self._tensors[id(tensor)][1]

    def _note(self, tensor, numbers):
        self._tensors[id(tensor)] = tensor, numbers  # as long as the tensor lives its id is its own

    def call(self, path, layer, *args, **kwargs):
        """Calls a layer, and notes the channels of what it returns."""
        outputs = call_layer(path, layer, *args, **kwargs)
        flat = keras.tree.flatten((args, kwargs))
        inputs = [value for value in flat if isinstance(value, keras.KerasTensor)]
        others = (value for value in flat if not isinstance(value, keras.KerasTensor))
        constants = [value for value in others if np.ndim(value)]
        results = keras.tree.flatten(outputs)
        if isinstance(layer, keras.Model):
            self._enter(layer, inputs, results)
        else:
            self._follow(path, layer, inputs, results, constants)
        if path in self._keep:
            for result in results:
                self.channels.keep(self.numbers(result))
        return outputs

    def _enter(self, model, inputs, results):
        """A nested model, whose own layers are noted already."""
        for outer, inner in zip(inputs, model.inputs, strict=True):
            self.channels.join(self.numbers(outer), self.numbers(inner))
        for outer, inner in zip(results, model.outputs, strict=True):
            self._note(outer, self.numbers(inner))

    def _follow(self, path, layer, inputs, results, constants):
        numbers = [self.numbers(tensor) for tensor in inputs]
        shapes = [tuple(tensor.shape) for tensor in inputs]
        try:
            call = Call(layer, numbers, shapes, tuple(results[0].shape), constants)
            made = rule_of(layer).trace(self.channels, call)
        except CannotFollow as reason:
            self._lose(path, layer, numbers, reason)
            return  # what it returns is made by nobody, and stays
        if path in self.ends:  # a layer that is called again has the same weights
            for earlier, now in zip(self.ends[path], (numbers[0], made), strict=True):
                self.channels.join(earlier, now)
        if why_all_outputs(layer):
            self._lose(path, layer, [made], why_all_outputs(layer))
        self.ends[path] = numbers[0], made
        self._note(results[0], made)

    def _lose(self, path, layer, numbers, reason):
        numbers = np.concatenate([np.zeros(0, "int64"), *numbers])
        if path in self._keep:
            self.channels.keep(numbers)
        self._lost[path] = f"{path!r} ({type(layer).__name__}): {reason}", numbers

    def check(self, name):
        lost = {
            path: text
            for path, (text, numbers) in self._lost.items()
            if self.channels.removable(numbers).any()
        }
        if lost:
            raise ValueError(
                f"The channels of {name!r} cannot be followed through all of its layers. Received: "
                f"{'; '.join(lost.values())}. Expected: layers that treat each channel for itself, "
                "or mix all of them. To let the channels stay that go into and out of these "
                f"layers, give keep={sorted(lost)}."
            )
