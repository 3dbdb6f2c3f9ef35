"""The optimizers of the recipes: their schedules, and weight decay as PyTorch counts it."""

import keras
import numpy as np
import pytest

from optimizers import adam, rmsprop, sgd


def rates(make, steps):
    optimizer = make(steps)
    weight = keras.Variable(1.0)
    optimizer.build([weight])
    found = []
    for _ in range(steps):
        found.append(float(optimizer.learning_rate))
        optimizer.apply([np.float32(0.0)])
    return found


def test_adam_falls_to_nothing_and_rmsprop_stays():
    falling = rates(adam(0.1), 10)
    assert falling[0] == pytest.approx(0.1) and falling == sorted(falling, reverse=True)
    assert falling[-1] < 0.01
    assert rates(rmsprop(0.3), 3) == pytest.approx([0.3] * 3)


def test_sgd_decays_after_its_shares_of_the_steps():
    # Keras counts a boundary to the steps before it.
    expected = [0.05] * 16 + [0.005] * 3 + [0.0005] * 3 + [0.00005] * 2
    found = rates(sgd(0.05, (0.625, 0.75, 0.875), 0.0), 24)
    assert found == pytest.approx(expected)


def test_sgd_follows_pytorchs_loop():
    """v = 0.9 v + g + decay w; w = w - rate v: the decay is a part of the gradient there."""
    rate, decay, steps = 0.05, 0.01, 300
    gradients = np.random.default_rng(0).normal(size=steps)
    weight = keras.Variable(2.0)
    optimizer = sgd(rate, (), decay)(steps)
    optimizer.build([weight])
    expected, velocity = 2.0, 0.0
    followed, plain = [], []
    for gradient in gradients:
        optimizer.apply([np.float32(gradient)])
        velocity = 0.9 * velocity + gradient + decay * expected
        expected -= rate * velocity
        followed.append(abs(float(weight) - expected))
        plain.append(abs(expected))
    assert max(followed) < 0.05 * max(plain)
