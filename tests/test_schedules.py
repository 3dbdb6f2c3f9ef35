"""Schedules of loss weights: values, saving, replicas, several steps a call."""

import keras
import numpy as np
import pytest

from tests.small import batch, compiled, lp, network
from tf_lpdistill import Distiller
from tf_lpdistill.schedules import PiecewiseLinear, linear, stop_at, warm_up


def values(schedule, steps):
    return [float(schedule(step)) for step in steps]


@pytest.mark.parametrize(
    ("schedule", "steps", "expected"),
    [
        (warm_up(8.0, steps=20), [0, 5, 19, 20, 21, 10**6], [0, 2, 7.6, 8, 8, 8]),
        (linear(4.0, 1.0, steps=300), [0, 100, 200, 300, 301], [4, 3, 2, 1, 1]),
        (stop_at(0.3, step=5), [0, 4, 5, 6], [0.3, 0.3, 0, 0]),
        (stop_at(warm_up(1.0, steps=10), step=50), [0, 5, 10, 49, 50], [0, 0.5, 1, 1, 0]),
        # The warm-up is cut short on its way.
        (stop_at(warm_up(1.0, steps=10), step=5), [0, 4, 5, 99], [0, 0.4, 0, 0]),
        (stop_at(PiecewiseLinear([(3, 2.0)]), step=2), [0, 1, 2, 3], [2, 2, 0, 0]),
        (PiecewiseLinear([(2, 1.0), (4, 3.0), (4, 5.0)]), [0, 2, 3, 4, 9], [1, 1, 2, 5, 5]),
    ],
)
def test_values(schedule, steps, expected):
    np.testing.assert_allclose(values(schedule, steps), expected, rtol=1e-6)


def test_a_stopped_weight_is_exactly_0():
    assert values(stop_at(linear(0.1, 0.7, steps=3), step=7), [7, 8, 1000]) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "points", [[], [(0,)], [(-1, 1.0)], [(0.5, 1.0)], [(0, float("nan"))], [(5, 1.0), (4, 1.0)]]
)
def test_other_points_are_refused(points):
    with pytest.raises(ValueError, match=r"one or more points \(step, value\).*Received: points="):
        PiecewiseLinear(points)


@pytest.mark.parametrize("steps", [0, -1, 2.5])
def test_no_steps_are_refused(steps):
    for make in (lambda: warm_up(1.0, steps), lambda: linear(1.0, 2.0, steps)):
        with pytest.raises(ValueError, match=rf"`steps` must be.*Received: steps={steps}"):
            make()
    with pytest.raises(ValueError, match=rf"`step` must be.*Received: step={steps}"):
        stop_at(1.0, steps)


def test_another_schedule_cannot_be_stopped():
    cosine = keras.optimizers.schedules.CosineDecay(1.0, 10)
    with pytest.raises(ValueError, match="must be a number or a schedule of tf_lpdistill"):
        stop_at(cosine, step=5)


def train(weight, steps, **settings):
    """The student's weights after `steps` updates on one batch."""
    keras.utils.set_random_seed(3)
    distiller = compiled(Distiller(network(), network(), [lp()], [weight]), **settings)
    x, y = batch(32)
    per_call = settings.get("steps_per_execution", 1)
    repeated = (np.concatenate([part] * steps) for part in (x, y))
    distiller.fit(*repeated, batch_size=32, epochs=1, shuffle=False, verbose=0)
    assert steps % per_call == 0 and distiller.optimizer.iterations.numpy() == steps
    return distiller.student.get_weights()


def test_a_weight_holds_at_each_step_of_a_call():
    schedule = stop_at(warm_up(2.0, steps=3), step=4)
    for once, several in zip(
        train(schedule, 6), train(schedule, 6, steps_per_execution=3), strict=True
    ):
        np.testing.assert_allclose(once, several, rtol=1e-5, atol=1e-7)


def test_a_schedule_makes_the_updates_of_its_values():
    by_hand = train(0.5, 1)
    scheduled = train(PiecewiseLinear([(0, 0.5), (1, 99.0)]), 1)
    other = train(PiecewiseLinear([(0, 99.0)]), 1)
    for left, right in zip(by_hand, scheduled, strict=True):
        np.testing.assert_array_equal(left, right)
    assert any(not np.allclose(a, b) for a, b in zip(by_hand, other, strict=True))


def test_replicas_make_the_same_updates(mirrored):
    schedule = stop_at(linear(4.0, 1.0, steps=2), step=3)
    alone = train(schedule, 4)
    with mirrored.scope():
        together = train(schedule, 4)
    for left, right in zip(alone, together, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-6)


def test_it_is_saved_with_the_distiller(tmp_path):
    schedule = stop_at(warm_up(2.0, steps=3), step=4)
    teacher = network()
    distiller = compiled(Distiller(teacher, network(), [lp()], [schedule]))
    distiller.fit(*batch(), verbose=0)
    distiller.save(tmp_path / "distiller.keras")
    loaded = Distiller.load(tmp_path / "distiller.keras", teacher=teacher)
    (weight,) = loaded.distillation_loss_weights
    assert isinstance(weight, PiecewiseLinear) and weight.points == schedule.points


def test_points_may_be_an_array_and_as_far_apart_as_numbers_are():
    assert float(PiecewiseLinear(np.array([[0, 1], [10, 0]]))(5)) == 0.5
    assert np.isfinite(PiecewiseLinear([(0, -1.7e38), (6, 1.7e38)])(3))
