"""A teacher that runs beside the student."""

import hashlib
import json
from collections.abc import Sequence

import keras

from tf_lpdistill.batch import Batch
from tf_lpdistill.taps import Tap, check_inputs
from tf_lpdistill.types import Structure


class LiveTeacher:
    """Runs a model in inference mode, once a step, for its predictions and named features.

    The model is neither frozen nor changed: it is called with `training=False` outside the
    gradient tape.

    Args:
        model: a `keras.Model`.
        names: names of features, see `tf_lpdistill.taps`.
    """

    teacher_names: tuple[str, ...] = ()  # only an ensemble has them
    teacher_weights: tuple[float, ...] | None = None

    def __init__(self, model: keras.Model, names: Sequence[str]):
        self.model = model
        self._tap = Tap(model, names)

    def check_inputs(self, inputs: Structure) -> None:
        """Raises `ValueError` for `inputs` that the model was not built for."""
        check_inputs(self.model, inputs)

    def outputs(self, batch: Batch) -> tuple[Structure, dict[str, Structure]]:
        """Returns `(predictions, features)` of a `batch`."""
        return self._tap(batch.inputs, training=False)

    def output_specs(self, inputs: Structure) -> tuple[Structure, dict[str, Structure]]:
        """Returns the symbolic `(predictions, features)` for symbolic `inputs`."""
        return self._tap.compute_output_spec(inputs)

    def fingerprint(self) -> str:
        """Returns the fingerprint of the model."""
        return fingerprint(self.model)


def fingerprint(model: keras.Model) -> str:
    """Identifies a trained model: SHA-256 of its layers' settings and weights.

    Names do not count, since Keras numbers them anew in each process, nor does `trainable`.

    Args:
        model: a built `keras.Model`.

    Returns:
        str of 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for layer in _leaf_layers(model):
        digest.update(json.dumps(_settings(layer), sort_keys=True, default=_type_name).encode())
    for variable in model.weights:
        values = variable.numpy()
        digest.update(f"{values.shape}{values.dtype}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def _leaf_layers(model):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaf_layers(layer)
        else:
            yield layer


def _settings(layer):
    try:
        config = layer.get_config()
    except NotImplementedError:
        config = {}
    return [type(layer).__name__, _without_names(config)]


def _without_names(value):
    """Drops what may differ between equal layers, in the layers that a layer wraps too."""
    if isinstance(value, dict):
        ignored = ("name", "trainable", "dtype")
        return {k: _without_names(v) for k, v in value.items() if k not in ignored}
    if isinstance(value, (list, tuple)):
        return [_without_names(item) for item in value]
    return value


def _type_name(value):
    return type(value).__name__
