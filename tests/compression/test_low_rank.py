"""Layers as pairs: the same outputs where the rank is low, else the size that was asked for."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.compression.students import (
    assert_same_outputs,
    foreign,
    images,
    mobilenet,
    randomize,
    resnet8,
    sequential,
)
from tf_lpdistill import models
from tf_lpdistill.compression import as_logits, low_rank
from tf_lpdistill.compression.factorization import decompose, factorize
from tf_lpdistill.compression.rebuild import layers_by_path
from tf_lpdistill.models.cost import count_macs
from tf_lpdistill.taps import Tap, list_layers


def strided():
    """All that a convolution can have."""
    inputs = keras.Input((17, 17, 3))
    x = layers.Conv2D(24, 5, 2, padding="same", activation="relu", name="strided")(inputs)
    x = layers.Conv2D(
        24, 3, dilation_rate=2, activation="tanh", kernel_regularizer="l2", name="dilated"
    )(x)
    x = layers.Conv2D(24, 3, groups=4, use_bias=False, name="grouped")(x)
    x = layers.Conv2DTranspose(24, 3, name="transposed")(x)
    x = layers.Reshape((25, 24))(x)
    x = layers.Conv1D(30, 3, padding="causal", name="line")(x)
    x = layers.Dense(40, name="dense")(x)
    return keras.Model(inputs, layers.GlobalMaxPooling1D()(x), name="strided")


def reduce_rank(student):
    """Gives all kernels that can be split a third of their rank."""
    for layer in layers_by_path(student).values():
        if type(layer) in (layers.Dense, layers.Conv1D, layers.Conv2D) and layer.name != "grouped":
            decomposition = decompose(layer.kernel)
            first, second = factorize(decomposition, max(1, len(decomposition[1]) // 3))
            pair = (first @ second).reshape(layer.kernel.shape)
            layer.kernel.assign(pair * np.linalg.norm(layer.kernel) / np.linalg.norm(pair))
    return student


@pytest.mark.parametrize(
    "build",
    [models.digits_student, sequential, lambda: as_logits(foreign()), strided, resnet8, mobilenet],
    ids=["digits_student", "sequential", "foreign", "strided", "resnet8", "mobilenet"],
)
def test_what_is_redundant_goes_and_the_outputs_stay(build):
    student = reduce_rank(randomize(build()))
    before = student.get_weights()
    small = low_rank(student, energy=1.0)
    assert_same_outputs(student, small)
    assert small.count_params() < 0.8 * student.count_params()
    assert count_macs(small) < 0.8 * count_macs(student)
    for old, weight in zip(before, student.get_weights(), strict=True):
        np.testing.assert_array_equal(old, weight)


def test_nothing_is_split_where_it_would_grow():
    student = randomize(resnet8())
    small = low_rank(student, energy=1.0)
    assert list_layers(small) == list_layers(student)
    assert_same_outputs(student, small, tolerance=0)


def test_each_layer_keeps_the_energy_and_its_name():
    student = randomize(strided())
    small = low_rank(student, energy=0.8)
    split = [name for name in list_layers(small) if name.endswith("_low_rank")]
    assert split == ["strided_low_rank", "dilated_low_rank", "line_low_rank", "dense_low_rank"]
    for name in ("strided", "dilated", "line", "dense"):
        first, second = (small.get_layer(part) for part in (f"{name}_low_rank", name))
        kernel = student.get_layer(name).kernel.numpy()
        kernel = kernel.reshape((-1, kernel.shape[-1]))
        rank = first.kernel.shape[-1]
        pair = first.kernel.numpy().reshape((-1, rank)) @ second.kernel.numpy().reshape((rank, -1))
        kept = 1.0 - np.sum((kernel - pair) ** 2) / np.sum(kernel**2)
        values = decompose(kernel)[1] ** 2
        assert kept >= 0.8 - 1e-6 and values[: rank - 1].sum() < 0.8 * values.sum()
        assert second.use_bias and not first.use_bias
    shapes = [
        Tap(model, ["dilated"])(images(model))[1]["dilated"].shape for model in (student, small)
    ]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("share", [0.8, 0.6])
def test_the_size_that_was_asked_for(share):
    student = randomize(strided())
    wanted = int(share * student.count_params())
    small = low_rank(student, energy=1.0, max_parameters=wanted)
    assert 0.95 * wanted < small.count_params() <= wanted
    roomy = low_rank(student, energy=0.5, max_parameters=student.count_params())
    assert roomy.count_params() == low_rank(student, energy=0.5).count_params()


def test_a_nested_model_and_an_earlier_split(tmp_path):
    student = reduce_rank(randomize(foreign()))
    small = low_rank(student, energy=1.0)
    assert "backbone/stem_low_rank" in list_layers(small)
    smaller = low_rank(small, energy=0.6)
    assert smaller.count_params() < small.count_params()
    smaller.save(tmp_path / "small.keras")
    loaded = keras.saving.load_model(tmp_path / "small.keras")
    assert_same_outputs(smaller, loaded, tolerance=0)


def test_wrong_arguments_are_refused():
    student = models.digits_student()
    with pytest.raises(ValueError, match=r"`energy` must be in \(0, 1\]. Received: energy=0"):
        low_rank(student, energy=0)
    least = low_rank(student, energy=1e-9).count_params()
    with pytest.raises(ValueError, match=f"still has {least:,} parameters. .*max_parameters=100"):
        low_rank(student, max_parameters=100)
    with pytest.raises(ValueError, match="built Functional or Sequential"):
        low_rank(keras.Sequential([layers.Dense(3)]))
