import keras
import numpy as np
import pytest

from optimizers import warmed_sgd


def rates(make, steps, total=1000):
    """The learning rates that an optimizer of so many steps works with at some of them."""
    optimizer, found = make(total), []
    for step in steps:
        optimizer.iterations.assign(step)
        found.append(float(optimizer.learning_rate))
    return found


def test_a_cosine_after_a_line():
    found = rates(warmed_sgd(0.4, 0.1, 1e-4), [0, 50, 100, 550, 1000])
    assert found == pytest.approx([0.0, 0.2, 0.4, 0.2, 0.0], abs=1e-6)


def test_a_cosine_alone():
    found = rates(warmed_sgd(0.4, 0.0, 1e-4), [0, 500, 1000])
    assert found == pytest.approx([0.4, 0.2, 0.0], abs=1e-6)


def test_steps_after_stairs():
    make = warmed_sgd(0.4, 0.05, 1e-4, decay_at=(0.3, 0.6, 0.9))
    found = rates(make, [0, 6, 50, 51, 300, 301, 601, 901, 999])
    expected = [0.04, 0.08, 0.4, 0.4, 0.4, 0.04, 0.004, 0.0004, 0.0004]
    assert found == pytest.approx(expected, rel=1e-5)


def test_steps_alone_where_there_is_no_room_for_stairs():
    make = warmed_sgd(0.4, 0.1, 1e-4, decay_at=(0.5,))
    assert rates(make, [0, 5, 6], total=10) == pytest.approx([0.4, 0.4, 0.04], rel=1e-5)


def test_the_weights_decay_as_in_pytorch():
    """Without another gradient, after many steps: the same, but for the momentum's first steps."""
    momentum, rate, decay = 0.9, 0.01, 0.01
    weight, velocity = 1.0, 0.0
    for _ in range(400):
        velocity = momentum * velocity + decay * weight
        weight -= rate * velocity
    variable = keras.Variable(np.ones(1, "float32"))
    make = warmed_sgd(rate, 0.0, decay, decay_at=(1.0,))
    optimizer = make(400)
    for _ in range(400):
        optimizer.apply([np.zeros(1, "float32")], [variable])
    assert float(variable[0]) == pytest.approx(weight, rel=0.01) and weight < 0.7
