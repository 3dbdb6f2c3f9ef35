"""Classifiers that flags name: read from `.keras` files, refused where they do not fit the data."""

import pathlib

from tf_lpdistill.data import ImageData
from tf_lpdistill.saving import load_model
from tf_lpdistill.structure import final_activation, last_operation


def check_input(flag, name, model, loaded: ImageData):
    """Refuses a network that does not take the images of a data set as they are.

    Raises:
        ValueError: when it has another input.
    """
    shapes = [tuple(tensor.shape) for tensor in model.inputs]
    if shapes != [(None, *loaded.image_shape)]:
        raise ValueError(
            f"--{flag} must take images of {loaded.name} as they are, of shape "
            f"{loaded.image_shape}. Received: --{flag}={name} with inputs of shape "
            f"{', '.join(map(str, shapes))}. recipes/compare.py resizes them to what networks take."
        )


def read_classifier(flag, path, loaded: ImageData):
    """Reads a `.keras` file with a classifier of the data set, whatever size its input has.

    Raises:
        ValueError: when it cannot be read, has another number of outputs, or ends in
            probabilities.
    """
    model = read_model(flag, path)
    _check_logits(f"--{flag}", f"--{flag}={path}", model, loaded)
    return model


def _check_logits(flag, given, model, loaded):
    shape = tuple(model.outputs[0].shape)
    if len(model.outputs) != 1 or shape != (None, loaded.num_classes):
        raise ValueError(
            f"{flag} must give one logit for each of the {loaded.num_classes} classes of "
            f"{loaded.name}. Received: {given} with outputs of shape {shape}"
        )
    if final_activation(model) == "softmax":
        raise ValueError(
            f"{flag} must end in logits, which losses soften themselves. Received: {given}, whose "
            f"layer {last_operation(model).name!r} ends in a softmax. Save the model without it."
        )


def read_model(flag, path):
    """Reads a `.keras` file.

    Raises:
        ValueError: when there is none, or it cannot be read.
    """
    check_file(flag, path)
    return load_model(path, compile=False)


def check_file(flag, path):
    """Refuses a path where there is no file.

    Raises:
        ValueError: when there is none.
    """
    if not pathlib.Path(path).is_file():
        raise ValueError(f"--{flag} names no file. Received: --{flag}={path}")
