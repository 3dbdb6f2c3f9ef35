"""Probabilities become logits, whatever way the softmax was written."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.compression.students import foreign, images, randomize
from tf_lpdistill.compression import as_logits


def ending(*last):
    return keras.Sequential([keras.Input((4, 4, 3)), layers.Flatten(), *last], name="ending")


@pytest.mark.parametrize(
    "build",
    [
        foreign,
        lambda: ending(layers.Dense(3), layers.Softmax(name="end")),
        lambda: ending(layers.Dense(3), layers.Activation("softmax", name="end")),
        lambda: nested(layers.Dense(3, activation="softmax")),
        lambda: nested(layers.Dense(3), layers.Softmax()),
        lambda: ending(layers.Dense(3, activation=layers.Softmax())),
    ],
    ids=["dense", "layer", "activation", "nested", "nested layer", "layer as activation"],
)
def test_the_softmax_of_the_logits_is_what_the_model_returned(build):
    model = randomize(build())
    logits = as_logits(model)
    probabilities = keras.ops.softmax(logits(images(model)))
    np.testing.assert_allclose(probabilities, model(images(model)), atol=1e-6)
    assert not np.allclose(logits(images(model)), model(images(model)))
    assert [layer.name for layer in logits.layers][-1] == model.layers[-1].name


def nested(*last):
    inputs = keras.Input((4, 4, 3))
    return keras.Model(inputs, ending(*last)(inputs))


def test_a_softmax_that_is_an_operation_goes_too():
    inputs = keras.Input((4, 4, 3))
    model = keras.Model(inputs, keras.ops.softmax(ending(layers.Dense(3))(inputs)))
    np.testing.assert_allclose(
        keras.ops.softmax(as_logits(model)(images(model))), model(images(model)), atol=1e-6
    )


def test_logits_stay_and_a_list_of_one_output_is_unpacked():
    inputs = keras.Input((4, 4, 3))
    whole = keras.Model(inputs, {"only": layers.Dense(3)(layers.Flatten()(inputs))})
    listed = keras.Model([inputs], list(whole.output.values()))
    for given in (listed, keras.Model.from_config(listed.get_config())):
        given.set_weights(whole.get_weights())
        found = as_logits(given)(images(whole))
        np.testing.assert_array_equal(found, whole(images(whole))["only"])


def test_another_end_is_refused():
    model = ending(layers.Dense(3, activation="sigmoid", name="yes"))
    with pytest.raises(ValueError, match="'ending' with the activation 'sigmoid' .* in 'yes'"):
        as_logits(model)
