"""Training against an objective: the same updates as other ways, resumed, refused in time."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.small import CROSS_ENTROPY, batch, compiled, lp, network
from tf_lpdistill import Distiller
from tf_lpdistill.compression import fine_tune, low_rank, prune_channels
from tf_lpdistill.compression.state import State
from tf_lpdistill.losses import Hint, SoftTarget

RATE = 0.01


def batches(samples=48, size=16):
    return tf.data.Dataset.from_tensor_slices(batch(samples)).batch(size)


def make_student(seed=1, **settings):
    keras.utils.set_random_seed(seed)
    return network(dropout=0.5, norm=True, kernel_regularizer="l2", **settings)


def distiller_of(student, losses=(SoftTarget, lp), rate=RATE):
    keras.utils.set_random_seed(0)
    distiller = Distiller(network(8), student, [loss() for loss in losses])
    return compiled(distiller, keras.optimizers.Adam(rate))


def same(first, second):
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def close(first, second):
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_it_is_the_update_of_the_distiller():
    data = batches()
    schedule = keras.optimizers.schedules.CosineDecay(RATE, 2 * 3)
    distiller = distiller_of(make_student(), rate=schedule)
    distiller.fit(data, epochs=2, verbose=0)
    student, start = make_student(), make_student()
    teaching = distiller_of(network(), rate=RATE)  # another student: the objective knows no student
    found = fine_tune(student, data, teaching.objective, epochs=2, learning_rate=RATE, verbose=0)
    assert found is student
    close(student, distiller.student)
    assert np.abs(student.get_weights()[0] - start.get_weights()[0]).max() > 5 * RATE / 2


def test_without_an_objective_it_learns_the_labels():
    plain, student = make_student(), make_student()
    schedule = keras.optimizers.schedules.CosineDecay(RATE, 3)
    plain.compile(keras.optimizers.Adam(schedule), CROSS_ENTROPY)
    plain.fit(batches(), verbose=0)
    fine_tune(student, batches(), epochs=1, learning_rate=RATE, verbose=0)
    close(student, plain)


def test_sample_weights_reach_the_objective():
    x, y = batch(16)
    weights = np.where(np.arange(16) < 4, 4.0, 0.0).astype("float32")
    weighted, few = network(), network()
    few.set_weights(weighted.get_weights())
    data = tf.data.Dataset.from_tensor_slices((x, y, weights)).batch(16)
    fine_tune(weighted, data, epochs=1, verbose=0)
    data = tf.data.Dataset.from_tensor_slices((x[:4], y[:4])).batch(4)
    fine_tune(few, data, epochs=1, verbose=0)
    close(weighted, few)


def test_a_killed_run_goes_on_bit_for_bit(tmp_path, monkeypatch):
    def run(folder, seed=1):
        objective = distiller_of(network()).objective
        return fine_tune(
            make_student(seed), batches().shuffle(3, seed=5), objective,
            epochs=3, learning_rate=RATE, checkpoint_dir=folder, verbose=0,
        )  # fmt: skip

    undisturbed = run(tmp_path / "whole")
    write = State.keep

    def killed(self, done):
        write(self, done)
        if done == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(State, "keep", killed)
        run(tmp_path / "killed")
    same(run(tmp_path / "killed"), undisturbed)
    finished = run(tmp_path / "killed")
    same(finished, undisturbed)
    with pytest.raises(ValueError, match=r"state of another run: \['student'\] differ"):
        run(tmp_path / "killed", seed=2)


@pytest.mark.parametrize(
    ("verb", "settings"),
    [(fine_tune, {}), (low_rank, {"energy": 0.5}), (prune_channels, {"fraction": 0.5})],
)
def test_an_epoch_of_data_without_an_end_has_the_steps_that_are_told(verb, settings):
    settings = settings | {"epochs": 2, "verbose": 0}
    finite = verb(make_student(), batches(), **settings)
    endless = verb(make_student(), batches().repeat(), steps_per_epoch=3, **settings)
    close(endless, finite)
    shorter = verb(make_student(), batches().repeat(), steps_per_epoch=1, **settings)
    assert np.abs(shorter.get_weights()[0] - finite.get_weights()[0]).max() > 1e-4


def test_mixed_precision():
    keras.config.set_dtype_policy("mixed_float16")
    student = network()
    before = student.get_weights()
    fine_tune(student, batches(), distiller_of(network()).objective, epochs=1, verbose=0)
    assert np.isfinite(student.get_weights()[0]).all()
    assert np.abs(student.get_weights()[0] - before[0]).max() > 1e-4


def test_what_cannot_be_trained_is_refused_before_the_first_step():
    student = network()
    with pytest.raises(
        ValueError, match="must have a known length, or `steps_per_epoch` .*cardinality -1"
    ):
        fine_tune(student, batches().repeat())
    with pytest.raises(ValueError, match="`epochs` must be an integer >= 1. Received: epochs=0"):
        fine_tune(student, batches(), epochs=0)
    with pytest.raises(TypeError, match="must be a batched tf.data.Dataset"):
        low_rank(student, batch(), energy=0.5)
    broken = batches().map(lambda x, y: (x * float("nan"), y))
    with pytest.raises(ValueError, match="finite on the first batch. Received: nan"):
        fine_tune(student, broken)


@pytest.mark.parametrize("verb", [low_rank, prune_channels])
def test_an_objective_without_data_is_refused(verb):
    with pytest.raises(ValueError, match="`objective` needs a `dataset` .*dataset=None"):
        verb(network(), objective=distiller_of(network()).objective)


def test_a_loss_with_its_own_weights_needs_the_width_it_was_built_for():
    student = network(8)
    objective = distiller_of(student, [lambda: Hint("hidden", "hidden")]).objective
    settings = {"fraction": 0.5, "epochs": 1, "verbose": 0}
    with pytest.raises(ValueError, match=r"shapes \{'hidden': \(16, 4\)\}. .*Hint.*keep="):
        prune_channels(student, batches(), objective, **settings)
    slim = prune_channels(student, batches(), objective, keep=["hidden"], **settings)
    assert slim.count_params() == student.count_params()
    relational = distiller_of(student).objective
    slim = prune_channels(student, batches(), relational, **settings)
    assert slim.get_layer("hidden").units == 4
