"""Several teachers that run: features by name, and one fingerprint of them all."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.small import batch, network
from tf_lpdistill import Distiller, TeacherEnsemble
from tf_lpdistill.batch import Batch
from tf_lpdistill.losses import Hint, RelativeDissimilarity
from tf_lpdistill.teachers import connect


def ensemble():
    """The second teacher has the layer "deep" where the first has "hidden"."""
    inputs = keras.Input((6,))
    x = layers.Dense(5, activation="relu", name="deep")(inputs)
    other = keras.Model(inputs, layers.Dense(3, name="logits")(x), name="b")
    return TeacherEnsemble([network(8, name="a"), other])


def test_features_by_name():
    teachers = ensemble()
    teachers.teachers[0].name = "renamed"  # the ensemble keeps the names that it was made with
    source = connect(teachers, ["a/hidden", "b/deep", "logits", "b"])
    x = batch()[0]
    predictions, features = source.outputs(Batch(x))
    logits = [model(x).numpy() for model in teachers.teachers]
    for found in (predictions, features["logits"]):
        assert isinstance(found, tuple)
        np.testing.assert_array_equal(found, logits)
    np.testing.assert_array_equal(features["b"], logits[1])
    hidden = teachers.teachers[0].get_layer("hidden")(x)
    np.testing.assert_allclose(features["a/hidden"], hidden, rtol=1e-6)
    assert features["b/deep"].shape == (16, 5)
    specs = source.output_specs(keras.KerasTensor((None, 6)))
    assert [spec.shape for spec in specs[1]["logits"]] == [(None, 3)] * 2


def test_a_teacher_without_the_feature_is_named():
    teachers = ensemble()
    message = r"The model 'b' has no feature named 'hidden'.*\('a/<layer>', 'b/<layer>'\)"
    with pytest.raises(ValueError, match=message):
        Distiller(teachers, network(), RelativeDissimilarity("hidden", "hidden"))
    with pytest.raises(ValueError, match="The model 'a' has no feature named 'deep'"):
        Distiller(teachers, network(), Hint("a/deep", "hidden"))
    Distiller(teachers, network(), RelativeDissimilarity(("a/hidden", "b/deep"), "hidden"))


def test_fingerprints_cover_teachers_order_and_weights_but_not_names():
    def fingerprint(teachers, weights=None):
        return connect(TeacherEnsemble(teachers, weights), ()).fingerprint()

    one, other, third = (network(name=name) for name in "abc")
    expected = fingerprint([one, other])
    others = [fingerprint([other, one]), fingerprint([one, other], [1, 2])]
    others += [fingerprint([one, third]), fingerprint([one, other, third])]
    assert len({expected, *others, connect(one, ()).fingerprint()}) == 6
    one.name = "renamed"
    assert fingerprint([one, other], [2, 2]) == expected
    other.get_layer("hidden").bias.assign_add([0.0] * 3 + [1e-3])
    assert fingerprint([one, other]) != expected
