"""The optimizers of the recipes: their schedules, and weight decay as PyTorch counts it."""

import keras
import numpy as np
import pytest

from teaching.optimizers import adam, rmsprop, sgd, warmed_sgd


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


def rates_at(make, steps, total=1000):
    """The learning rates that an optimizer of so many steps works with at some of them."""
    optimizer, found = make(total), []
    for step in steps:
        optimizer.iterations.assign(step)
        found.append(float(optimizer.learning_rate))
    return found


def test_a_cosine_after_a_line():
    found = rates_at(warmed_sgd(0.4, 0.1, 1e-4), [0, 50, 100, 550, 1000])
    assert found == pytest.approx([0.0, 0.2, 0.4, 0.2, 0.0], abs=1e-6)


def test_a_cosine_alone():
    found = rates_at(warmed_sgd(0.4, 0.0, 1e-4), [0, 500, 1000])
    assert found == pytest.approx([0.4, 0.2, 0.0], abs=1e-6)


def test_steps_after_stairs():
    make = warmed_sgd(0.4, 0.05, 1e-4, decay_at=(0.3, 0.6, 0.9))
    found = rates_at(make, [0, 6, 50, 51, 300, 301, 601, 901, 999])
    expected = [0.04, 0.08, 0.4, 0.4, 0.4, 0.04, 0.004, 0.0004, 0.0004]
    assert found == pytest.approx(expected, rel=1e-5)


def test_stairs_up_to_the_first_step():
    make = warmed_sgd(0.4, 0.3, 1e-4, decay_at=(0.3, 0.6, 0.9))
    found = rates_at(make, [0, 270, 271, 300, 301, 601, 999])
    assert found == pytest.approx([0.04, 0.36, 0.4, 0.4, 0.04, 0.004, 0.0004], rel=1e-5)


def test_a_rate_that_would_rise_where_it_falls_is_refused():
    with pytest.raises(ValueError, match=r"`warm_up` must end .* warm_up=0.5, decay_at=\(0.3, 0.6"):
        warmed_sgd(0.4, 0.5, 1e-4, decay_at=(0.3, 0.6))


def test_steps_alone_where_there_is_no_room_for_stairs():
    make = warmed_sgd(0.4, 0.1, 1e-4, decay_at=(0.5,))
    assert rates_at(make, [0, 5, 6], total=10) == pytest.approx([0.4, 0.4, 0.04], rel=1e-5)


def test_the_weights_decay_as_those_of_sgd():
    kept = {}
    for make in (sgd(0.05, (), 0.01), warmed_sgd(0.05, 0.0, 0.01, decay_at=(1.0,))):
        weight, optimizer = keras.Variable(2.0), make(50)
        for _ in range(50):
            optimizer.apply([np.float32(0.1)], [weight])
        kept[make] = float(weight)
    first, second = kept.values()
    assert first == pytest.approx(second) and first < 1.5
