"""Taps: every kind of model, every kind of name, one forward pass."""

import keras
import numpy as np
import pytest
from keras import layers

from tf_lpdistill.taps import Tap, feature_shapes, list_layers


def backbone():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, name="conv")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    return keras.Model(inputs, layers.ReLU(name="out")(x), name="backbone")


def nested():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(3, 1, name="conv")(inputs)  # the same name as inside the backbone
    x = backbone()(x)
    x = layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(inputs, layers.Dense(2, name="logits")(x), name="nested")


def images():
    return np.random.default_rng(0).normal(size=(5, 8, 8, 3)).astype("float32")


def inner_reference(model, x, training):
    inner = model.get_layer("backbone")
    hidden = model.get_layer("conv")(x)
    out = inner.get_layer("conv")(hidden)
    return inner.get_layer("norm")(out, training=training)


@pytest.mark.parametrize("training", [False, True])
def test_functional_and_nested(training):
    model, x = nested(), images()
    tap = Tap(model, ["conv", "backbone/norm", "backbone", "features"])
    predictions, features = tap(x, training=training)
    np.testing.assert_allclose(
        features["backbone/norm"], inner_reference(model, x, training), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(features["backbone"], np.maximum(features["backbone/norm"], 0.0))
    np.testing.assert_allclose(features["conv"], model.get_layer("conv")(x))
    np.testing.assert_allclose(predictions, model.get_layer("logits")(features["features"]))
    assert list(features) != [] and set(features) == set(tap.names)


def test_one_output_in_a_list_is_that_output_as_in_keras():
    model, x = nested(), images()
    listed = keras.Model(model.inputs, model.outputs, name="listed")
    outer = keras.Model(inputs := keras.Input((8, 8, 3)), listed(inputs))
    for tap in (Tap(listed, ["features"]), Tap(outer, ["listed/features"]), Tap(outer, [])):
        np.testing.assert_allclose(tap(x)[0], outer(x), rtol=1e-5, atol=1e-6)
        assert tap(x)[0].shape == (5, 2)


def test_sequential_with_a_sequential_inside():
    block = keras.Sequential([layers.Dense(4, name="inner"), layers.ReLU()], name="block")
    model = keras.Sequential([keras.Input((6,)), block, layers.Dense(3, name="last")])
    x = np.ones((2, 6), "float32")
    predictions, features = Tap(model, ["block/inner", "last"])(x)
    np.testing.assert_allclose(features["block/inner"], block.layers[0](x))
    np.testing.assert_allclose(predictions, model(x))
    np.testing.assert_allclose(features["last"], predictions)


def test_a_subclassed_model_names_its_features_by_keys():
    class Net(keras.Model):
        def call(self, inputs):
            return {"features": inputs * 2.0, "logits": inputs}

    predictions, features = Tap(Net(), ["features"])(np.ones((2, 3), "float32"))
    assert set(predictions) == {"features", "logits"}
    np.testing.assert_allclose(features["features"], 2.0)
    with pytest.raises(ValueError, match=r"no feature named 'feature'.*\['features'\]"):
        Tap(Net(), ["feature"])(np.ones((2, 3), "float32"))


def test_a_subclassed_model_without_a_dict_says_what_to_do():
    class Net(keras.Model):
        def call(self, inputs):
            return inputs

    with pytest.raises(ValueError, match="Let its `call` return a dict of tensors"):
        Tap(Net(), ["features"])(np.ones((2, 3), "float32"))


def test_the_keys_of_a_functional_models_outputs_are_names_too():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, {"twice": layers.Rescaling(2.0, name="scale")(inputs)})
    assert list_layers(model) == ["scale", "twice"]
    features = Tap(model, ["twice"])(np.ones((1, 3), "float32"))[1]
    np.testing.assert_allclose(features["twice"], 2.0)


@pytest.mark.parametrize(
    ("name", "nearest"), [("feature", "features"), ("norm", "backbone/norm"), ("logit", "logits")]
)
def test_an_unknown_name_lists_the_nearest(name, nearest):
    with pytest.raises(
        ValueError, match=rf"no feature named '{name}'.*Nearest names: \['{nearest}'"
    ):
        Tap(nested(), [name])


def test_an_unbuilt_sequential_says_so():
    with pytest.raises(ValueError, match="is not built.*Start it with keras.Input"):
        Tap(keras.Sequential([layers.Dense(2, name="a")]), ["a"])


def test_shapes_of_what_can_be_tapped():
    shapes = feature_shapes(nested())
    assert list(shapes) == list_layers(nested())
    assert shapes["conv"] == (8, 8, 3) and shapes["backbone/norm"] == shapes["backbone"] == (
        6,
        6,
        4,
    )
    assert shapes["features"] == (4,) and shapes["logits"] == (2,)


def test_list_layers_in_the_order_of_the_pass():
    assert list_layers(nested()) == [
        "conv", "backbone", "backbone/conv", "backbone/norm", "backbone/out", "features", "logits",
    ]  # fmt: skip


def test_each_layer_runs_once_and_the_model_stays_as_it_was():
    class Counted(layers.Layer):
        calls = 0

        def call(self, inputs):
            Counted.calls += 1
            return inputs + 1.0

    inputs = keras.Input((3,))
    model = keras.Model(inputs, layers.Dense(2)(Counted(name="counted")(inputs)))
    nodes = len(model.get_layer("counted")._inbound_nodes)
    tap, Counted.calls = Tap(model, ["counted"]), 0
    tap(np.ones((2, 3), "float32"))
    assert Counted.calls == 1
    assert len(model.get_layer("counted")._inbound_nodes) == nodes
    assert [w.path for w in tap.weights] == [w.path for w in model.weights]


def test_a_nested_models_output_keys_are_names_too():
    inputs = keras.Input((3,))
    outputs = {"twice": layers.Rescaling(2.0, name="scale")(inputs), "same": inputs}
    inner = keras.Model(inputs, outputs, name="inner")
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layers.Dense(2, name="head")(inner(inputs)["same"]))
    assert list_layers(model) == ["inner", "inner/scale", "inner/twice", "inner/same", "head"]
    features = Tap(model, list_layers(model))(np.ones((1, 3), "float32"))[1]
    np.testing.assert_allclose(features["inner/twice"], 2.0)
    np.testing.assert_allclose(features["inner/same"], 1.0)


def test_the_first_call_of_a_shared_layer_counts_and_keywords_are_understood():
    block = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="inner")], name="block")
    inputs = keras.Input((3,))
    model = keras.Model(inputs, block(block(inputs=inputs)))
    x = np.ones((2, 3), "float32")
    predictions, features = Tap(model, ["block/inner", "block"])(x)
    np.testing.assert_allclose(features["block/inner"], block(x))
    np.testing.assert_allclose(features["block"], block(x))
    np.testing.assert_allclose(predictions, model(x))


def test_a_call_of_its_own_is_never_bypassed():
    class Doubled(keras.Model):
        def call(self, inputs, training=None):
            return 2.0 * super().call(inputs, training=training)

    inputs = keras.Input((3,))
    model = Doubled(inputs, layers.Dense(2, name="head")(inputs))
    assert list_layers(model) == []
    x = np.ones((2, 3), "float32")
    np.testing.assert_allclose(Tap(model, [])(x)[0], model(x))
    with pytest.raises(ValueError, match="'head' is unknown. Let its `call` return a dict"):
        Tap(model, ["head"])(x)
