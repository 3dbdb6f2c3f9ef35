"""Which losses take several teachers, and how the others are given one."""

import keras
import pytest
from keras import layers

from tests.small import network
from tf_lpdistill import Distiller, TeacherEnsemble
from tf_lpdistill.losses import (
    DecoupledSoftTarget,
    Hint,
    LocalityPreserving,
    RelativeDissimilarity,
    SoftTarget,
    SolutionFlow,
)


def ensemble():
    return TeacherEnsemble([network(8, name="a"), network(5, name="b")])


@pytest.mark.parametrize(
    "loss",
    [
        Hint("hidden", "hidden"),
        DecoupledSoftTarget(),
        LocalityPreserving(None, "hidden"),
        SolutionFlow(("hidden", "logits"), ("hidden", "logits")),
        SolutionFlow(("a/hidden", "b/logits"), ("hidden", "logits")),
        keras.distillation.LogitsDistillation(loss=keras.losses.KLDivergence()),
        keras.distillation.FeatureDistillation("mse", "hidden", "hidden"),
    ],
)
def test_a_loss_of_one_teacher_is_refused_with_a_way_out(loss):
    message = (
        r"takes one teacher, and the ensemble has 2: \['a', 'b'\].*'a/<layer>', or its output, "
        "'a', as `teacher_layer_name`.*Received: teacher_layer_name="
    )
    with pytest.raises(ValueError, match=message):
        Distiller(ensemble(), network(), loss)


@pytest.mark.parametrize(
    "path",
    [("b/hidden", "a/hidden"), ("a/hidden",), ("hidden", "hidden"), ("a/hidden", "a/logits"), ()],
)
def test_several_names_are_one_of_each_teacher_in_order(path):
    message = r"in the order of the ensemble: \('a/<layer>', 'b/<layer>'\). Received: teacher_layer"
    with pytest.raises(ValueError, match=message):
        Distiller(ensemble(), network(), RelativeDissimilarity(path, "hidden"))


@pytest.mark.parametrize("outputs", [list, tuple])
def test_a_model_of_two_outputs_is_no_ensemble(outputs):
    inputs = keras.Input((6,))
    heads = outputs(layers.Dense(3, name=name)(inputs) for name in "ab")
    message = "expected one tensor of teacher features. Received: 2 of one model"
    with pytest.raises(ValueError, match=message):
        Distiller(keras.Model(inputs, heads), network(), SoftTarget())
    with pytest.raises(ValueError, match=message):
        Distiller(network(), network(), SoftTarget(("logits", "logits")))
