"""The Distiller's contracts: the total, its gradient, the ways of running."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.small import CROSS_ENTROPY, batch, compiled, lp, network
from tf_lpdistill import Distiller
from tf_lpdistill.losses import Hint, SoftTarget


def test_weight_zero_equals_plain_fit():
    x, y = batch(48)
    keras.utils.set_random_seed(0)
    plain = network(dropout=0.3, norm=True)
    keras.utils.set_random_seed(0)
    student = network(dropout=0.3, norm=True)
    teacher = network(8)
    distiller = Distiller(teacher, student, [SoftTarget(), lp()], [0.0, 0.0])
    histories = []
    for model in (plain, distiller):
        compiled(model, metrics=["accuracy"])
        dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(48, seed=3).batch(10)
        histories.append(model.fit(dataset, epochs=3, verbose=0, shuffle=False).history)
    for a, b in zip(plain.get_weights(), student.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert histories[0]["loss"] == histories[1]["loss"] == histories[1]["student_loss"]
    assert histories[0]["accuracy"] == histories[1]["accuracy"]


def test_the_gradient_of_lp_stops_at_the_guided_layer():
    # Eq. 10: with LP alone, the layers behind the guided one stand still, those before it move.
    student = network()
    distiller = Distiller(network(8), student, lp(), student_loss_weight=0.0)
    distiller.compile(keras.optimizers.SGD(1.0), loss=None)
    before = {name: student.get_layer(name).kernel.numpy() for name in ("hidden", "logits")}
    distiller.fit(batch()[0], verbose=0)
    assert np.abs(student.get_layer("hidden").kernel.numpy() - before["hidden"]).max() > 1e-4
    np.testing.assert_array_equal(student.get_layer("logits").kernel.numpy(), before["logits"])


def test_alpha_carries_no_gradient():
    # A student that is its own teacher: were alpha differentiated, the update would differ from
    # the one with the teacher's features given as constants.
    x, updates = batch()[0], []
    for own in (True, False):
        keras.utils.set_random_seed(0)
        student = network()
        teacher = student if own else keras.models.clone_model(student)
        teacher.set_weights(student.get_weights())
        distiller = Distiller(teacher, student, lp(), student_loss_weight=0.0)
        distiller.compile(keras.optimizers.SGD(1.0), loss=None)
        distiller.fit(x, batch_size=16, verbose=0)
        updates.append(student.get_weights())
    for a, b in zip(*updates, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


def test_a_schedule_as_weight_runs_over_the_optimizer_steps():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0, 1], [5.0, 2.0, 0.0])
    distiller = Distiller(network(8), network(), SoftTarget(), [schedule], student_loss_weight=0.0)
    compiled(distiller)
    for expected in (5.0, 2.0, 0.0):
        logs = distiller.train_on_batch(*batch(), return_dict=True)
        np.testing.assert_allclose(logs["loss"], expected * logs["soft_target"], rtol=1e-5)
        distiller.reset_metrics()


def test_evaluate_and_val_loss_are_the_students_own():
    x, y = batch()
    distiller = compiled(Distiller(network(8), network(), SoftTarget()), metrics=["accuracy"])
    history = distiller.fit(x, y, validation_data=(x, y), verbose=0).history
    assert {name for name in history if name.startswith("val_")} == {"val_loss", "val_accuracy"}
    result = distiller.evaluate(x, y, verbose=0, return_dict=True)
    expected = float(CROSS_ENTROPY(y, distiller.student(x)))
    np.testing.assert_allclose(result["loss"], expected, rtol=1e-5)
    np.testing.assert_allclose(history["val_loss"][0], expected, rtol=1e-5)


@pytest.mark.parametrize(
    "settings", [{"jit_compile": True}, {"run_eagerly": True}, {"steps_per_execution": 3}]
)
def test_ways_of_running_agree(settings):
    x, y = batch(30)
    results = []
    for chosen in ({}, settings):
        keras.utils.set_random_seed(0)
        distiller = Distiller(network(8), network(), [SoftTarget(), lp(), Hint("hidden", "hidden")])
        compiled(distiller, **chosen)
        history = distiller.fit(x, y, batch_size=8, shuffle=False, epochs=2, verbose=0).history
        results.append((history, distiller.student.get_weights()))
    for name, values in results[0][0].items():
        np.testing.assert_allclose(values, results[1][0][name], rtol=1e-4, err_msg=name)
    for a, b in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_trains(policy):
    teacher = network(8)
    keras.config.set_dtype_policy(policy)
    student = network(norm=True)
    distiller = Distiller(teacher, student, [SoftTarget(), lp(), Hint("hidden", "hidden")])
    compiled(distiller)
    scaled = isinstance(distiller.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")
    history = distiller.fit(*batch(64), batch_size=16, epochs=8, verbose=0).history
    assert np.isfinite(history["loss"]).all() and history["loss"][-1] < history["loss"][0]


def test_a_distiller_of_a_student_against_itself_gives_zero():
    student = network()
    distiller = compiled(Distiller(student, student, SoftTarget()))
    assert distiller.train_on_batch(*batch(), return_dict=True)["soft_target"] == 0.0


def test_optimizer_and_weights_are_the_students_and_the_losses_alone():
    distiller = compiled(Distiller(network(50), network(), Hint("hidden", "hidden")))
    distiller.fit(*batch(), verbose=0)
    names = {weight.path for weight in distiller.weights}
    assert len(names) == len(distiller.weights) == 6  # two dense layers and the regressor
    assert distiller.count_params() == 4 * 7 + 3 * 5 + 50 * 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"teacher": "resnet"}, "`teacher` must be a keras.Model"),
        ({"student": None}, "`student` must be a keras.Model"),
        (
            {"distillation_losses": "soft_target"},
            "`distillation_losses` must be one loss or a list",
        ),
        ({"distillation_loss_weights": [1.0, 2.0]}, "one weight for each of the 1 losses"),
        ({"distillation_loss_weights": ["much"]}, "must be a finite number or a"),
        ({"distillation_loss_weights": [float("nan")]}, "must be a finite number or a"),
        ({"student_loss_weight": float("inf")}, "`student_loss_weight`: a weight must be a finite"),
        ({"distillation_losses": Hint("hiden", "hidden")}, r"no feature named 'hiden'.*'hidden'"),
        ({"distillation_losses": SoftTarget(name="loss")}, "'loss' is taken"),
    ],
)
def test_arguments_are_checked(arguments, message):
    defaults = {"teacher": network(), "student": network(), "distillation_losses": SoftTarget()}
    with pytest.raises(ValueError, match=message):
        Distiller(**defaults | arguments)


def test_keras_distillation_code_runs_with_the_import_changed():
    distiller = Distiller(
        teacher=network(),
        student=network(),
        distillation_losses=[
            keras.distillation.LogitsDistillation(loss=keras.losses.KLDivergence()),
            keras.distillation.FeatureDistillation(
                loss="mse", teacher_layer_name="hidden", student_layer_name="hidden"
            ),
        ],
        distillation_loss_weights=[1.0, 0.5],
        student_loss_weight=0.5,
        name="distiller",
    )
    distiller.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = distiller.fit(*batch(), validation_data=batch(seed=1), verbose=0).history
    assert {"logits_distillation", "feature_distillation", "val_accuracy"} <= set(history)
    assert distiller.student.predict(batch()[0], verbose=0).shape == (16, 3)
