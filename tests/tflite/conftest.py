"""Two trained students and a finished bundle, shared by the tests of the export."""

import types

import keras
import numpy as np
import pytest

from tf_lpdistill import tflite
from tf_lpdistill.preprocessing import Preprocessing

LABELS = [f"digit {i}" for i in range(10)]


def network(shape, activation=None, filters=(8, 16, 16)):
    """A small convolutional classifier with BatchNorm."""
    inputs = keras.Input(shape)
    x = inputs
    for width, stride in zip(filters, (1, 2, 1), strict=True):
        x = keras.layers.Conv2D(width, 3, stride, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.9)(x)
        x = keras.layers.ReLU()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(10, activation=activation)(x), name="student")


def train(model, preprocessing, images, labels, from_logits):
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits),
    )
    inputs = keras.ops.convert_to_numpy(preprocessing(images))
    model.fit(inputs, labels, batch_size=64, epochs=8, verbose=0)
    return model


def tinted(images):
    """Grey digits in colour, so that a swap of channels or a wrong mean shows."""
    return (images * np.array([1.0, 0.6, 0.3])).astype(np.uint8)


@pytest.fixture(scope="session")
def grey(digits):
    """A student of grey pixels 0..1 that ends in logits."""
    keras.utils.set_random_seed(1)
    preprocessing = Preprocessing((8, 8), "grayscale", "0..1")
    split = digits.train
    model = train(network((8, 8, 1)), preprocessing, split.images, split.labels, from_logits=True)
    return types.SimpleNamespace(
        model=model,
        preprocessing=preprocessing,
        train=split.images,
        test=digits.test.images,
        labels=digits.test.labels,
    )


@pytest.fixture(scope="session")
def colour(digits):
    """A student of colour pixels, mean and std given per channel, that ends in a softmax."""
    keras.utils.set_random_seed(2)
    preprocessing = Preprocessing(
        (8, 8), "rgb", "mean_std", mean=(78.0, 47.0, 23.0), std=(96.0, 57.0, 29.0)
    )
    images = tinted(digits.train.images)
    model = network((8, 8, 3), activation="softmax")
    return types.SimpleNamespace(
        model=train(model, preprocessing, images, digits.train.labels, from_logits=False),
        preprocessing=preprocessing,
        train=images,
        test=tinted(digits.test.images),
        labels=digits.test.labels,
    )


def exported(student, directory, **kwargs):
    options = {
        "labels": LABELS,
        "preprocessing": student.preprocessing,
        "representative_data": student.train,
    }
    return tflite.export_bundle(student.model, directory, **(options | kwargs))


@pytest.fixture(scope="session")
def export():
    """`export_bundle` with the arguments of one of the students, and what a test changes."""
    return exported


@pytest.fixture(scope="session")
def phone(grey, tmp_path_factory):
    """The bundle of the grey student in all precisions. For reading only."""
    return exported(grey, tmp_path_factory.mktemp("bundles") / "phone")


@pytest.fixture(scope="session")
def colour_phone(colour, tmp_path_factory):
    """The bundle of the colour student. For reading only."""
    return exported(
        colour, tmp_path_factory.mktemp("bundles") / "colour", precisions=["float32", "int8"]
    )


@pytest.fixture
def float_phone(grey, tmp_path):
    """A bundle of one float file, to be changed."""
    return exported(grey, tmp_path / "phone", precisions=["float32"])
