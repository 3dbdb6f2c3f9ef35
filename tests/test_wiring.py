"""The wiring: a value that Keras neither tracks nor saves, and what it makes of a batch."""

import numpy as np
import pytest

from tests.small import batch, compiled, lp, network
from tf_lpdistill import Distiller
from tf_lpdistill.batch import unpack
from tf_lpdistill.losses import Hint, SoftTarget
from tf_lpdistill.taps import Tap, symbolic_inputs
from tf_lpdistill.teachers import AbsentTeacher
from tf_lpdistill.terms import make_terms
from tf_lpdistill.wiring import Wiring


def test_keras_sees_no_model_in_it():
    teacher, student, losses = network(8), network(), [SoftTarget(), lp()]
    distiller = compiled(Distiller(teacher, student, losses))
    assert distiller.layers == [student, *losses]
    assert distiller.wiring.teacher.model is teacher and "wiring" in dir(distiller)
    mine = {id(weight) for weight in distiller.variables}
    assert not mine & {id(weight) for weight in teacher.variables}


def test_outputs_are_those_of_two_taps_and_values_those_of_the_terms():
    x, y = batch()
    teacher, student = network(8), network()
    losses = [SoftTarget(), Hint("hidden", "hidden")]
    wiring = Wiring.of(teacher, student, make_terms(losses, [1.0, 1.0]))
    wiring.build(symbolic_inputs(student))
    assert losses[1].built
    outputs = wiring.outputs(unpack(x))
    for model, (predictions, features) in zip((teacher, student), outputs, strict=True):
        expected = Tap(model, ["hidden"])(x)
        np.testing.assert_array_equal(predictions, expected[0])
        np.testing.assert_array_equal(features["hidden"], expected[1]["hidden"])
    values = wiring.values(unpack(x), y, None, *outputs, step=0)
    expected = [
        losses[0].compute_loss(outputs[0][0], outputs[1][0]),
        losses[1].compute_loss(outputs[0][1]["hidden"], outputs[1][1]["hidden"]),
    ]
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert min(map(float, values)) > 1e-4


def test_without_terms_no_teacher_runs():
    wiring, inputs = Wiring.of(network(8), network(), ()), unpack(batch()[0])
    assert wiring.teacher_outputs(inputs) is None and wiring.values(inputs, *[None] * 5) == []


def test_a_missing_teacher_is_told_where_one_is_needed():
    absent = Wiring.of(AbsentTeacher("0" * 64), network(), make_terms([SoftTarget()], [1.0]))
    assert not absent.has_teacher
    absent.build(symbolic_inputs(absent.student_tap.model))  # what is loaded is built from its file
    for ask in (absent.require_teacher, lambda: absent.outputs(unpack(batch()[0]))):
        with pytest.raises(RuntimeError, match="loaded without its teacher"):
            ask()
    Wiring.of(network(8), network(), ()).require_teacher()
