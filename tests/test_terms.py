"""Terms: weights, unique names, what each loss is given."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.losses import Hint, LocalityPreserving, SoftTarget
from tf_lpdistill.terms import (
    at_step,
    build_losses,
    check_losses,
    check_weight,
    check_weights,
    layer_names,
    make_terms,
)


class Plain(keras.distillation.DistillationLoss):
    """A loss written for Keras's own Distiller: no name, no layers."""

    def __init__(self, value=1.0):
        self.value = value

    def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
        return keras.ops.convert_to_tensor(self.value)


def names(losses):
    return [term.name for term in make_terms(losses, [1.0] * len(losses))]


def test_names_are_unique_whatever_was_chosen():
    assert names([SoftTarget(), Hint(), Hint(), Hint()]) == [
        "soft_target", "hint", "hint_1", "hint_2",
    ]  # fmt: skip
    assert names([Hint(name="hint_1"), Hint(), Hint()]) == ["hint_1", "hint", "hint_2"]
    assert names([Hint(), Hint(), Hint(name="hint_1")]) == ["hint", "hint_1", "hint_1_1"]
    assert names([Plain(), Plain()]) == ["plain", "plain_1"]


@pytest.mark.parametrize("name", ["loss", "student_loss"])
def test_the_names_of_the_totals_are_refused(name):
    with pytest.raises(ValueError, match=f"The name '{name}' is taken by the totals"):
        names([SoftTarget(name=name)])


def test_no_weights_mean_one_each_and_a_lone_weight_is_a_list_of_one():
    assert check_weights(None, 3) == [1.0, 1.0, 1.0]
    assert check_weights(2, 1) == [2.0]
    assert check_weights((1, np.float32(0.5)), 2) == [1.0, 0.5]


def test_a_weight_is_a_number_or_a_schedule_over_steps():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([10], [1.0, 0.25])
    assert check_weight("w", schedule) is schedule
    fixed, scheduled = make_terms([SoftTarget(), Hint()], [0.5, schedule])
    assert at_step(fixed.weight, 3) == 0.5
    assert [float(at_step(scheduled.weight, step)) for step in (3, 11)] == [1.0, 0.25]
    for wrong in ("1", None, lambda step: 1.0, float("inf")):
        with pytest.raises(ValueError, match="`w`: a weight must be a finite number or a"):
            check_weight("w", wrong)


def test_a_loss_receives_only_what_it_asks_for():
    class Greedy(Plain):
        def compute_loss(
            self, teacher_outputs, student_outputs, step, teacher_weights, sample_id=None, y=None,
            sample_weight=None,
        ):  # fmt: skip
            given = (step, sample_id, y, sample_weight, teacher_weights)
            return sum(np.sum(value) for value in given) * keras.ops.ones(())

    plain, greedy = make_terms([Plain(), Greedy()], [1.0, 1.0])
    given = {"y": np.ones(2), "sample_weight": np.ones(3), "sample_id": np.ones(4), "step": [5.0]}
    given["teacher_weights"] = (0.25, 0.75)
    assert plain.extras == () and set(greedy.extras) == set(given)
    outputs = np.ones((3, 2), "float32"), {}
    assert float(greedy.value(outputs, outputs, **given)) == 15.0
    assert float(plain.value(outputs, outputs, **given)) == 1.0


def test_what_is_in_the_features_of_a_sample_of_weight_zero_does_not_matter():
    (term,) = make_terms([SoftTarget()], [1.0])
    teacher, student = np.ones((2, 3), "float32"), tf.constant([[1.0, 2.0, 0.0]] * 2)
    teacher[1] = np.nan
    with tf.GradientTape() as tape:
        tape.watch(student)
        value = term.value((teacher, {}), (student, {}), y=None, sample_weight=np.array([2.0, 0.0]))
    gradient = tape.gradient(value, student).numpy()
    assert float(value) > 0.0 and np.isfinite(gradient).all() and not gradient[1].any()


def test_features_are_picked_by_name_and_none_is_the_output():
    (term,) = make_terms([LocalityPreserving("t", None)], [1.0])
    picked = term.select(("teacher output", {"t": "teacher feature"}), ("student output", {}))
    assert picked == ("teacher feature", "student output")
    terms = make_terms([LocalityPreserving("t", "s"), SoftTarget(), Hint("u", "v")], [1.0] * 3)
    assert layer_names(terms, "teacher_layer_name") == ["t", "u"]
    assert layer_names(terms, "student_layer_name") == ["s", "v"]


def test_a_value_is_a_float32_scalar():
    (term,) = make_terms([Plain(np.float16(2.0))], [1.0])
    assert term.value((None, {}), (None, {})).dtype == "float32"
    (term,) = make_terms([Plain([1.0, 2.0])], [1.0])
    with pytest.raises(ValueError, match=r"'plain' must return a scalar. Received: shape \(2,\)"):
        term.value((None, {}), (None, {}))


def test_losses_are_built_for_the_features_that_they_name():
    hint = Hint("t", "s", regressor="dense")
    outputs = [(None, {name: keras.KerasTensor((None, w))}) for name, w in (("t", 5), ("s", 3))]
    build_losses(make_terms([hint, Plain()], [1.0, 1.0]), *outputs)
    assert [tuple(weight.shape) for weight in hint.weights] == [(3, 5), (5,)]


@pytest.mark.parametrize("losses", [None, "soft_target", [SoftTarget, SoftTarget()], [lambda: 0]])
def test_what_is_no_loss_is_refused(losses):
    with pytest.raises(ValueError, match="`distillation_losses` must be one loss or a list"):
        check_losses(losses)
