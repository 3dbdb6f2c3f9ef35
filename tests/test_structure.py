"""The graph of a model: its calls, its layers by path, and what it ends in."""

import keras
import pytest
from keras import layers

from tests.test_taps import nested
from tf_lpdistill.structure import (
    Token,
    final_activation,
    is_graph,
    last_operation,
    layer_at,
    list_calls,
    list_layers,
    symbolic_inputs,
)


def sequential(*ends):
    return keras.Sequential([keras.Input((4, 4, 2)), layers.Flatten(), *ends])


class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(2, activation="softmax")

    def call(self, inputs):
        return self.dense(inputs)


@pytest.mark.parametrize(
    ("ends", "name"),
    [
        ([layers.Dense(3)], "linear"),
        ([layers.Dense(3, activation="softmax")], "softmax"),
        ([layers.Dense(3), layers.Activation("sigmoid")], "sigmoid"),
        ([layers.Dense(3), layers.Softmax()], "softmax"),
        ([layers.Dense(3, activation=layers.Softmax())], "softmax"),
        ([layers.Dense(3), layers.Dropout(0.5)], "dropout"),
    ],
)
def test_the_last_activation_however_deep_it_is(ends, name):
    inner = sequential(*ends)
    assert final_activation(inner) == name
    inputs = keras.Input((4, 4, 2))
    outer = keras.Model(inputs, [keras.Model(inputs, inner(inputs))(inputs)])
    assert final_activation(outer) == name and last_operation(outer) is inner.layers[-1]
    assert final_activation(keras.Sequential([keras.Input((4, 4, 2)), outer])) == name
    doubled = keras.Model(inputs, keras.ops.softmax(inner(inputs)))
    assert final_activation(doubled) == "softmax"


def test_the_last_call_counts_and_not_the_place_in_a_list():
    inputs = keras.Input((6,))
    relu, dense = layers.ReLU(), layers.Dense(6, activation="tanh")
    shared = keras.Model(inputs, relu(dense(relu(inputs))))
    assert last_operation(shared) is relu
    one, two, _ = keras.ops.split(dense(inputs), 3, axis=1)  # several outputs on the way
    assert last_operation(keras.Model(inputs, relu(one + two))) is relu
    both = keras.Model(inputs, {"a": dense(inputs), "b": relu(inputs)})
    assert final_activation(both) == "tanh"


def test_a_call_of_ones_own_tells_nothing():
    model = Own()
    model(keras.ops.ones((1, 3)))
    assert not is_graph(model) and list_layers(model) == [] and symbolic_inputs(model) is None
    assert final_activation(model) == "own" and last_operation(model) is model


def test_layers_by_path():
    model = nested()
    inner = model.get_layer("backbone")
    assert layer_at(model, "conv") is model.get_layer("conv")
    assert layer_at(model, "backbone/conv") is inner.get_layer("conv")
    inputs = keras.Input((3,))
    summed = keras.Model(inputs, {"key": inputs + 1.0})
    assert [layer_at(summed, name) for name in list_layers(summed)] == [None, None]


def test_the_calls_of_a_nested_model_come_before_it():
    calls = list_calls(nested(), Token())
    paths = [call.path for call in calls]
    assert paths[:5] == ["conv", "backbone/conv", "backbone/norm", "backbone/out", "backbone"]
    assert paths[5:] == ["features", "logits"]
    assert calls[1].arguments[0] is calls[0].output is calls[4].arguments[0]
