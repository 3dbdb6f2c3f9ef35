"""Students to compress: two of this package, and one built as other people build theirs."""

import keras
import numpy as np
from keras import layers

from tf_lpdistill import models
from tf_lpdistill.compression.dependencies import trace_channels
from tf_lpdistill.compression.rebuild import layers_by_path


def foreign():
    """Scaling inside, a nested backbone, an expression, squeeze-excitation, Flatten, a softmax."""
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(12, 3, 2, padding="same", activation="relu", name="stem")(inputs)
    y = layers.SeparableConv2D(12, 3, padding="same", depth_multiplier=2, name="apart")(x)
    x = layers.ReLU(6.0, name="sum")(x + y)
    backbone = keras.Model(inputs, x, name="backbone")
    image = keras.Input((16, 16, 3), name="image")
    x = backbone(layers.Rescaling(2.0, 0.1)(image))
    gate = layers.GlobalAveragePooling2D()(x)
    gate = layers.Dense(5, activation="relu", name="squeeze")(gate)
    gate = layers.Dense(12, activation="sigmoid", name="excite")(gate)
    x = layers.Multiply()([x, layers.Reshape((1, 1, 12))(gate)])
    left = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="deep")(x)
    right = layers.Conv2D(7, 1, name="mix")(layers.PReLU(shared_axes=[1, 2])(x))
    x = layers.Concatenate(name="both")([left, right])
    x = layers.MaxPooling2D(2)(layers.BatchNormalization(scale=False)(x))
    x = layers.Dense(16, activation="relu", name="embedding")(layers.Flatten()(x))
    return keras.Model(image, layers.Dense(4, activation="softmax")(x), name="foreign")


def sequential():
    """A stack of layers, twice the same one among them."""
    twice = layers.Conv2D(6, 3, padding="same", activation="relu", name="twice")
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(6, 3, name="first"), layers.LeakyReLU(), twice, twice,
            layers.Flatten(), layers.Dense(10, name="logits"),
        ],
        name="stack",
    )  # fmt: skip


def resnet8():
    """A residual network for CIFAR."""
    return models.resnet8(num_classes=4)


def mobilenet():
    """MobileNetV2 of keras.applications on small images."""
    return keras.applications.MobileNetV2(
        (48, 48, 3), alpha=0.35, weights=None, classes=4, classifier_activation=None
    )


def randomize(student):
    """Gives every weight a random value that leaves the images of a batch apart at the end."""
    rng = np.random.default_rng(0)
    for layer in layers_by_path(student).values():
        within = isinstance(layer, layers.DepthwiseConv2D | layers.SeparableConv2D)
        for weight in layer.weights:
            if "kernel" in weight.name and weight.name != "pointwise_kernel":
                inputs = np.prod(weight.shape[: 2 if within else -1])
                weight.assign(rng.normal(0, np.sqrt(2 / inputs), weight.shape))
            elif "kernel" not in weight.name:
                near = 1.0 if weight.name in ("gamma", "moving_variance") else 0.0
                weight.assign(rng.uniform(near - 0.5, near + 0.5, weight.shape))
    return student


def silence(student, share, seed=0):
    """Makes a share of the removable channels zero wherever they are.

    Returns:
        `(silent, all)`, the numbers of silent and of removable sets of channels.
    """
    dependencies = trace_channels(student)
    channels = dependencies.channels
    sets, found = set(), layers_by_path(student)
    for _, outputs in dependencies.ends.values():
        sets |= set(channels.sets(outputs[channels.removable(outputs)]).tolist())
    chosen = np.random.default_rng(seed).choice(sorted(sets), round(share * len(sets)), False)
    for path, (_, outputs) in dependencies.ends.items():
        silent = np.isin(channels.sets(outputs), chosen)
        for weight in found[path].weights if path in found else ():
            if weight.shape[-1] == len(silent) and weight.name != "moving_variance":
                weight.assign(np.where(silent, 0.0, weight.numpy()))
    return len(chosen), len(sets)


def images(student, count=8):
    """Noise in colours that differ, for a student: (count, height, width, channels)."""
    rng, shape = np.random.default_rng(1), student.input_shape[1:]
    colors = rng.uniform(-1, 1, (count, 1, 1, shape[-1]))
    return (colors + rng.uniform(-1, 1, (count, *shape))).astype("float32")


def assert_same_outputs(student, other, tolerance=1e-5):
    """Compares outputs with what they are in size; students that return one constant do not count.

    Args:
        student: a model.
        other: a model of the same inputs.
        tolerance: largest difference, as a share of the largest output.
    """
    expected, found = student(images(student)), other(images(student))
    size = float(np.abs(expected).max())
    assert np.std(expected, axis=0).max() > 0.01 * size
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * size)
