"""What the contract of all losses works with: the examples, and calls that leave no trace."""

import importlib
import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import losses
from tf_lpdistill.losses.base import snake_case

BATCH = 12
LABELS = np.arange(BATCH) % 5


def all_classes():
    """Every loss, found."""
    return [getattr(losses, name) for name in losses.__all__ if name not in ("Loss", "get")]


def module_of(loss_class):
    """The test file of a loss."""
    return importlib.import_module(f"tests.losses.test_{snake_case(loss_class.__name__)}")


def cases():
    """(make, teacher shape, student shape) for every example of every loss.

    A loss that takes several teachers comes with one and with two.
    """
    for loss_class in all_classes():
        module = module_of(loss_class)
        for index, make in enumerate(module.EXAMPLES):
            shapes = getattr(module, "SHAPES", ((7,), (5,)))
            yield pytest.param((make, *shapes), id=f"{loss_class.__name__}-{index}")
            if loss_class.several_teachers:
                teacher, student = shapes
                name = f"{loss_class.__name__}-{index}-two-teachers"
                yield pytest.param((make, (teacher, teacher), student), id=name)


def draw(rng, shape, batch=BATCH):
    """Features of a shape without the batch, or a tuple of them for a tuple of shapes."""
    if isinstance(shape[0], tuple):
        return tuple(draw(rng, part, batch) for part in shape)
    return rng.normal(size=(batch, *shape)).astype("float32")


def each(function, features):
    """Applies a function to the features of every layer."""
    return keras.tree.map_structure(function, features)


def shapes_of(features):
    return each(lambda f: tf.TensorShape(f.shape), features)


def build(make, teacher, student):
    loss = make()
    loss.ensure_built(shapes_of(teacher), shapes_of(student))
    return loss


def takes_objects(make):
    """Whether the example gives a layer or an array as an argument."""
    return any(isinstance(value, (list, dict)) for value in make().get_config().values())


def compute(loss, teacher, student, **given):
    """The value, with labels, sample ids and a step for a loss that wants them.

    What a loss remembers from call to call, such as a memory bank, is put back.
    """
    size = keras.tree.flatten(student)[0].shape[0]
    if size is not None:
        given = {"y": LABELS[:size], "sample_id": np.arange(size), "step": 3} | given
    wanted = inspect.signature(loss.compute_loss).parameters
    before = loss.get_weights() if loss.non_trainable_weights and tf.executing_eagerly() else None
    value = loss.compute_loss(
        teacher, student, **{name: value for name, value in given.items() if name in wanted}
    )
    if before is not None:
        loss.set_weights(before)
    return value


def value_and_gradient(loss, teacher, student, **given):
    student = each(tf.convert_to_tensor, student)
    with tf.GradientTape() as tape:
        tape.watch(student)
        value = compute(loss, teacher, student, **given)
    return value, tape.gradient(value, keras.tree.flatten(student))
