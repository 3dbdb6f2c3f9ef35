"""Channels disappear: exactly those that are zero, from all kinds of networks."""

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
    silence,
)
from tf_lpdistill import models
from tf_lpdistill.compression import prune_channels
from tf_lpdistill.models.cost import count_macs
from tf_lpdistill.taps import Tap, list_layers

NETWORKS = [models.digits_student, sequential, foreign, resnet8, mobilenet]


@pytest.mark.parametrize("build", NETWORKS)
@pytest.mark.parametrize("share", [0.0, 0.4])
def test_without_channels_that_are_zero_it_returns_the_same(build, share):
    student = randomize(build())
    silent, total = silence(student, share)
    before = student.get_weights()
    slim = prune_channels(student, fraction=silent / total)
    assert_same_outputs(student, slim)
    expected = 1.0 if share == 0.0 else 0.8  # most of the share, though outputs keep their width
    assert slim.count_params() <= expected * student.count_params()
    for old, weight in zip(before, student.get_weights(), strict=True):
        np.testing.assert_array_equal(old, weight)
    assert all(a is not b for a in student.weights for b in slim.weights)


@pytest.mark.slow
@pytest.mark.parametrize(
    "build",
    [
        lambda: keras.applications.MobileNetV3Small((64, 64, 3), weights=None, classes=4),
        lambda: keras.applications.EfficientNetB0(input_shape=(32, 32, 3), weights=None, classes=4),
        lambda: keras.applications.DenseNet121(input_shape=(32, 32, 3), weights=None, classes=4),
        lambda: keras.applications.Xception(input_shape=(71, 71, 3), weights=None, classes=4),
    ],
    ids=["MobileNetV3Small", "EfficientNetB0", "DenseNet121", "Xception"],
)
def test_networks_of_others(build):
    student = build()
    silent, total = silence(student, 0.3)
    slim = prune_channels(student, fraction=silent / total)
    expected, found = student(images(student, 2)), slim(images(student, 2))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert slim.count_params() < 0.8 * student.count_params()
    assert count_macs(slim) < 0.8 * count_macs(student)


def test_the_weakest_filters_go():
    inputs = keras.Input((4,))
    hidden = layers.Dense(4, name="hidden")(inputs)
    student = keras.Model(inputs, layers.Dense(2, name="out")(hidden))
    kernel = np.ones((4, 4)) * [3.0, 0.1, 2.0, 1.0]
    student.get_layer("hidden").set_weights([kernel, np.arange(4.0)])
    slim = prune_channels(student, fraction=0.5)
    np.testing.assert_array_equal(slim.get_layer("hidden").bias, [0.0, 2.0])
    np.testing.assert_array_equal(
        slim.get_layer("out").kernel, student.get_layer("out").kernel.numpy()[[0, 2]]
    )


def test_the_smallest_scales_go_and_what_has_none_stays():
    student = randomize(models.digits_student())
    gammas = np.arange(1.0, 17.0)
    student.get_layer("norm1").gamma.assign(gammas[:8] + 100)
    student.get_layer("norm2").gamma.assign(np.where(gammas % 2, 0.01, -5.0))
    student.get_layer("norm3").gamma.assign(gammas + 100)
    slim = prune_channels(student, fraction=0.2, criterion="norm_scale")
    np.testing.assert_array_equal(slim.get_layer("norm2").gamma, [-5.0] * 8)
    widths = [slim.get_layer(f"conv{i}").filters for i in (1, 2, 3)]
    assert widths == [8, 8, 16]
    bare = sequential()
    same = prune_channels(bare, fraction=0.5, criterion="norm_scale")
    assert same.count_params() == bare.count_params()


def test_what_is_added_loses_the_same_channels():
    slim = prune_channels(randomize(resnet8()), fraction=0.4)
    for stage in (1, 2, 3):
        added = slim.get_layer(f"stage{stage}_pre")
        assert len({tensor.shape for tensor in added.input}) == 1
    assert slim.get_layer("stage3").output.shape[-1] < 64 and slim.output_shape == (None, 4)


def test_every_layer_keeps_a_tenth():
    student = models.digits_student(filters=(30, 30, 30))
    conv = student.get_layer("conv2")
    conv.kernel.assign(conv.kernel * np.append(np.ones(1), np.full(29, 1e-3)))
    slim = prune_channels(student, fraction=0.5)
    assert slim.get_layer("conv2").filters == 3
    assert sum(slim.get_layer(f"conv{i}").filters for i in (1, 2, 3)) == 45


def test_features_are_found_under_their_names_and_may_be_kept():
    student = randomize(foreign())
    slim = prune_channels(student, fraction=0.6, keep=["backbone/sum", "embedding"])
    assert list_layers(slim) == list_layers(student)
    names = ["backbone/sum", "embedding", "both"]
    features = Tap(slim, names)(images(student))[1]
    old = Tap(student, names)(images(student))[1]
    for name in names[:2]:
        assert features[name].shape == old[name].shape
    assert features["both"].shape[-1] < old["both"].shape[-1]
    assert slim.get_layer("squeeze").units < 5


def test_it_is_saved_as_a_plain_model(tmp_path):
    slim = prune_channels(randomize(foreign()), fraction=0.3)
    slim.save(tmp_path / "slim.keras")
    loaded = keras.saving.load_model(tmp_path / "slim.keras", custom_objects={})
    assert_same_outputs(slim, loaded, tolerance=0)


def test_channels_padded_with_zeros():
    """The shortcut of He et al. 2016, option A, as akamaster's networks have it in Keras."""
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, padding="same", name="stem")(inputs)
    wide = layers.ZeroPadding2D(((0, 0), (4, 4)), data_format="channels_first", name="pad")(x)
    y = layers.Conv2D(16, 3, padding="same", name="wide")(x)
    x = layers.ReLU()(layers.Add(name="sum")([wide, y]))
    x = layers.GlobalAveragePooling2D()(x)
    student = randomize(keras.Model(inputs, layers.Dense(4)(x), name="padded"))
    silent, total = silence(student, 0.5)
    slim = prune_channels(student, fraction=silent / total)
    assert_same_outputs(student, slim)
    assert slim.get_layer("pad").output.shape[-1] == slim.get_layer("wide").filters < 12


@pytest.mark.slow
def test_a_trained_network_of_others(real_data_dir):
    path = f"{real_data_dir}/../models/cifar10_resnet20_jpegft.keras"
    try:
        student = keras.saving.load_model(path, compile=False)
    except ValueError:
        pytest.skip(f"{path} is not there")
    pixels = (images(student) + 1.0) * 127.5
    silent, total = silence(student, 0.3)
    slim = prune_channels(student, fraction=silent / total)
    expected = student([pixels]).numpy()  # the file holds a list of one input
    np.testing.assert_allclose(slim(pixels), expected, atol=1e-5 * np.abs(expected).max())
    assert count_macs(slim) < 0.8 * count_macs(student)


def shuffled(groups=2):
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, padding="same", name="stem")(inputs)
    x = layers.Conv2D(8, 1, groups=groups, name="grouped")(x)
    x = models.blocks.channel_shuffle(x, groups, name="shuffle")
    x = layers.LayerNormalization(name="norm")(layers.Conv2D(8, 1, name="between")(x))
    x = layers.Conv2D(8, 1, activation="softmax", name="odd")(x)
    x = layers.GlobalAveragePooling2D(name="features")(layers.Conv2D(8, 1, name="last")(x))
    return keras.Model(inputs, layers.Dense(4)(x), name="shuffled")


def test_all_layers_that_cannot_be_followed_are_named_and_can_be_kept():
    student = randomize(shuffled())
    with pytest.raises(ValueError) as error:
        prune_channels(student)
    text = str(error.value)
    for part in (
        "'grouped' (Conv2D): it works in groups of channels",
        "'norm' (LayerNormalization): how it treats channels is not known",
        "'odd' (Conv2D): its activation 'softmax' is not known",
        "give keep=['grouped', 'norm', 'odd']",
    ):
        assert part in text
    assert "Reshape" not in text  # what comes out of the groups stays, so that nothing reaches it
    slim = prune_channels(student, keep=["grouped", "norm", "odd"], fraction=0.4)
    assert slim.get_layer("last").filters == 5
    assert slim.get_layer("between").filters == 8


def test_wrong_arguments_are_refused():
    student = models.digits_student()
    with pytest.raises(ValueError, match=r"`fraction` must be in \[0, 0.9\]. Received: fraction=1"):
        prune_channels(student, fraction=1.0)
    with pytest.raises(ValueError, match="one of .'filter_norm', 'norm_scale'.. Received: .*'l1'"):
        prune_channels(student, criterion="l1")
    with pytest.raises(ValueError, match=r"Received: keep=\['x'\], where \['x'\] are none"):
        prune_channels(student, keep=["x"])

    class Subclassed(keras.Model):
        pass

    with pytest.raises(ValueError, match="built Functional or Sequential .* of type Subclassed"):
        prune_channels(Subclassed())
