import keras
import pytest

from roles import Layers, Network
from tf_lpdistill import models


def nested():
    """A backbone without names of our kind, inside a model."""
    x = inputs = keras.Input((16, 16, 3))
    for width, stride in ((4, 1), (4, 2), (8, 1), (8, 2)):
        x = keras.layers.Conv2D(width, 3, stride, padding="same", name=f"c{width}_{stride}")(x)
        x = keras.layers.Activation("relu", name=f"a{width}_{stride}")(x)
    backbone = keras.Model(inputs, x, name="backbone")
    outer = keras.Input((16, 16, 3))
    x = keras.layers.ZeroPadding2D(1, name="padding")(backbone(outer))
    x = keras.layers.SpatialDropout2D(0.1, name="drop_maps")(x)
    x = keras.layers.Flatten(name="flat")(x)
    x = keras.layers.Dense(5, name="hidden")(x)
    x = keras.layers.Dropout(0.1, name="drop")(x)
    return keras.Model(outer, keras.layers.Dense(3, name="logits")(x))


def test_the_layers_of_the_digits(pair):
    assert Network.of("teacher", pair[0]).roles == {
        "features": "features",
        "maps": "relu5",
        "stages": ("relu2", "relu5"),
        "preactivation": "norm5",
    }
    assert Network.of("student", pair[1]).roles["stages"] == ("relu1", "relu3")


def test_layers_inside_a_nested_model_and_no_dropout_nor_padding():
    assert Network.of("teacher", nested()).roles == {
        "features": "hidden",
        "maps": "backbone/a8_2",
        "stages": ("backbone/a4_1", "backbone/a8_1", "backbone/a8_2"),
        "preactivation": "backbone/c8_2",
    }


def test_the_ends_of_stages_come_before_the_sizes_of_maps():
    student = models.fitnet1()
    assert Network.of("student", student).roles["stages"] == ("stage1", "guided")
    layers = Layers.of(models.fitnet_teacher(), student)
    assert layers.pair("middle") == ("hint", "guided")
    mnist = Layers.of(models.mnist_teacher(), models.mnist_student())
    assert mnist.pair("middle") == ("hint", "guided")


def test_pairs_for_the_losses(layers):
    assert layers.pair("outputs") == (None, None)
    assert layers.pair("maps") == ("relu5", "relu3")
    assert layers.pair("stages") == (("relu2", "relu5"), ("relu1", "relu3"))
    assert layers.pair("middle") == ("relu5", "relu3")
    assert layers.pair("review") == (("relu2", "relu5", "features"), ("relu1", "relu3", "features"))


def test_of_unequal_numbers_of_stages_the_last_are_taken(pair):
    deep = Layers(Network.of("teacher", nested()), Network.of("student", pair[1]))
    assert deep.pair("stages") == (("backbone/a8_1", "backbone/a8_2"), ("relu1", "relu3"))


def test_entries_are_the_teachers_channels_at_the_smaller_map(pair):
    teacher = Network.of("teacher", pair[0], maps="relu2")
    assert Layers(teacher, Network.of("student", pair[1])).entries("maps") == 32 * 4 * 4
    small = Layers(Network.of("teacher", pair[0]), Network.of("student", pair[1], maps="relu1"))
    assert small.entries("maps") == 128 * 4 * 4


def test_named_layers_come_first(pair):
    network = Network.of("teacher", pair[0], maps="relu3", stages=["relu1", "relu4"], features=None)
    assert network.layer("maps") == "relu3"
    assert network.layer("stages") == ["relu1", "relu4"]
    assert network.layer("features") == "features"


def test_an_unknown_layer_is_told_with_its_neighbours(pair):
    with pytest.raises(ValueError, match=r"no feature named 'relu55'.*'relu5'"):
        Network.of("teacher", pair[0], maps="relu55")


def test_a_role_that_is_not_there_is_told_with_its_flag():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    network = Network.of("student", model)
    assert network.roles == {}
    with pytest.raises(ValueError, match=r"The student has no layer .* --student_maps=LAYER"):
        network.layer("maps")


def test_a_subclassed_model_is_refused():
    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(ValueError, match="cannot be looked into: it must be a Functional or"):
        Network.of("teacher", Own())
