"""The settings that are tried, and the methods that they make."""

import types

import numpy as np
import pytest

from locality import space
from methods import METHODS
from roles import Layers, Network
from tf_lpdistill import models


@pytest.fixture(scope="module")
def job():
    pair = (models.digits_teacher(), models.digits_student())
    layers = Layers(*map(Network.of, ("teacher", "student"), pair))
    return types.SimpleNamespace(layers=layers, epochs=10, steps=lambda epochs: 6 * epochs,
                                 num_samples=300, teacher=pair[0])  # fmt: skip


def test_every_method_of_one_stage_is_tuned_by_its_weight():
    for key, method in METHODS.items():
        names = set(space.dimensions(key))
        assert {f"{term.loss}.weight" for term in method.terms} <= names
        assert bool(names) == (method.stages is None)
        assert len(names) <= 2


def test_trials_begin_as_published_and_cover_three_decades():
    pytest.importorskip("optuna")
    trials = space.trials("locality_preserving")
    assert len(trials) == space.TRIALS == len({str(trial) for trial in trials})
    assert trials[0] == {"locality_preserving.weight": 1.0, "locality_preserving.num_neighbors": 5}
    logs = np.log10([trial["locality_preserving.weight"] for trial in trials])
    assert logs.min() < -1.5 and logs.max() > 0.5 and (np.abs(logs + 0.5) <= 1.5).all()
    assert all(isinstance(t["locality_preserving.num_neighbors"], int) for t in trials)
    space.trials.cache_clear()
    assert space.trials("locality_preserving") == trials


def test_two_methods_are_tried_at_the_same_weights():
    pytest.importorskip("optuna")
    hint, at = (
        [trial[f"{key}.weight"] for trial in space.trials(key)]
        for key in ("hint", "attention_transfer")
    )
    assert hint == at


def test_a_method_of_several_stages_has_one_setting():
    assert space.trials("fitnets_two_stages") == [{}]


def test_an_empty_setting_is_the_method_of_the_table_or_what_it_was_first(job):
    for key, method in METHODS.items():
        if key in space.FIRST:
            made = [part for term in space.apply(key, {}).terms for part in term.make(job)]
            assert [weight for _, weight in made] == list(space.FIRST[key].values())
        elif not key.startswith(("solution_flow", "feature_overhaul")):
            made, published = ([part for term in m.terms for part in term.make(job)]
                               for m in (space.apply(key, {}), method))  # fmt: skip
            configs = [[(loss.get_config(), weight) for loss, weight in side]
                       for side in (made, published)]  # fmt: skip
            assert configs[0] == configs[1]


def test_a_setting_changes_weight_arguments_and_layers(job):
    setting = {"soft_target.weight": 10.0, "locality_preserving.num_neighbors": 7,
               "locality_preserving.role": "maps", "learning_rate": 0.5}  # fmt: skip
    (kd, kd_weight), (lp, lp_weight) = [
        part for term in space.apply("kd_lp", setting).terms for part in term.make(job)
    ]
    assert kd_weight == pytest.approx(1.0) and kd.get_config()["temperature"] == 4.0
    assert lp_weight == pytest.approx(0.3) and lp.num_neighbors == 7
    assert lp.teacher_layer_name == job.layers.pair("maps")[0]


@pytest.mark.parametrize(("schedule", "ends"), [("falling", (0.6, 0.0)), ("rising", (0.0, 0.6))])
def test_a_schedule_has_the_mean_of_the_weight(job, schedule, ends):
    method = space.apply("locality_preserving", {"locality_preserving.schedule": schedule})
    [(_, weight)] = method.terms[0].make(job)
    values = [float(weight(step)) for step in range(61)]
    np.testing.assert_allclose((values[0], values[-1], np.mean(values)), (*ends, 0.3), rtol=1e-5)
