"""Tuning: the settings that are tried, their table, and a search that goes on where it stopped."""

import csv
import json
import sys
import types

import pytest

from comparing.comparison import Comparison
from methods import METHODS
from search import journal, trials, tuning
from tf_lpdistill.report.record import Record
from tf_lpdistill.report.search import read_search


@pytest.fixture
def comparison(trainer, pair, layers):
    return Comparison(trainer, pair[0], lambda: pair[1], layers, {}, [0], 1, 100)


def test_the_first_setting_is_that_of_the_table_of_methods(comparison, pair):
    search = tuning.Search.of(comparison)
    assert len(set(search.pairs)) == 4
    assert all(scale > 0 for scale in search.scales.values())
    made = [term.make(types.SimpleNamespace(layers=None)) for term in search.method(
        "KD + LP", tuning.START).terms[1:]]  # fmt: skip
    ((lp, weight),) = made[0]
    assert (lp.teacher_layer_name, lp.student_layer_name) == search.pairs[0]
    assert (
        weight == METHODS["kd_lp"].terms[1].weight
        and lp.num_neighbors == 5
        and lp.bandwidth == search.scales[search.pairs[0][0]]
    )


def test_without_optuna_the_way_out_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r'Tuning needs Optuna.*pip install -e "\.\[tuning\]"'):
        journal.load_optuna()


@pytest.fixture
def judged(monkeypatch):
    """Trials that are not trained: the less KD, the better; the one of the fourth pair fails."""
    settings = []

    def run(self):
        ((key, method),) = self.methods.items()
        settings.append(method)
        kd = method.terms[0].weight
        result = {"validation_accuracy": 1 / (1 + kd)}
        return {key: [{"failed": "too hot"} if kd > 5 else result]}

    monkeypatch.setattr(Comparison, "run", run)
    return settings


def test_a_search_goes_on_where_it_stopped(comparison, judged):
    pytest.importorskip("optuna")
    search = tuning.Search.of(comparison)
    search.run(4)
    study = search.run(12)
    assert len(judged) == len(study.trials) == 12
    assert study.trials[0].params == tuning.START
    drawn = [tuple(trial.params.values()) for trial in study.trials]
    assert len(set(drawn)) == 12  # nothing is tried twice
    assert study.best_params["kd_weight"] == min(
        trial.params["kd_weight"] for trial in study.trials
    )
    trials.write_csv(comparison.trainer.run.path("trials.csv"), study, search.pairs)
    with open(comparison.trainer.run.path("trials.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["trial"]) for row in rows] == list(range(12))
    assert {row["teacher"] for row in rows} <= {teacher for teacher, _ in search.pairs}
    shown = read_search(Record(json.loads(json.dumps(trials.describe(study, search.pairs))), "it"))
    assert [trial.number for trial in shown.trials] == list(range(12))
    assert shown.best.settings | {"pair": 0} == study.best_params | {"pair": 0}
    assert shown.trials[0].settings["pair"] == " to ".join(search.pairs[0])
    failed = [trial.settings["kd_weight"] > 5 for trial in shown.trials]
    assert [trial.accuracy is None for trial in shown.trials] == failed and any(failed)
    assert sum(parameter.importance for parameter in shown.parameters) == pytest.approx(1)
    assert trials.importances(search.run(12)) != {}
    assert len(search.run(12).trials) == 12


def test_few_trials_and_equal_ones_have_no_importance():
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: trial.suggest_float("sigma", 0, 1), n_trials=9)
    assert trials.importances(study) == {}
    equal = optuna.create_study()
    equal.optimize(lambda trial: 0 * trial.suggest_float("sigma", 0, 1), n_trials=12)
    assert trials.importances(equal) == {}


def test_the_reading_says_when_nothing_better_was_found():
    done = types.SimpleNamespace(name="COMPLETE")
    best = types.SimpleNamespace(number=0, value=0.954, params=tuning.START, state=done)
    study = types.SimpleNamespace(trials=[best] * 3, best_trial=best)
    words = trials.reading(study, tuning.START)
    assert words == (
        "Of 3 trials number 0 is best on the validation images, with 95.4 % right: the setting "
        "that it began with."
    )
    assert trials.reading(study, {"k": 3}).endswith("95.4 % right.")


def kill(study, judge, n_trials):
    """As `study.optimize` when it is killed in its first trial: the journal does not hear of it."""
    study.ask()
    raise KeyboardInterrupt


def interrupt(comparison):
    """Ctrl-C while the student of a trial trains: Optuna notes that the trial has failed."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("killed", [True, False])
def test_a_stop_in_the_first_trial_does_not_lose_the_start(comparison, judged, monkeypatch, killed):
    optuna = pytest.importorskip("optuna")
    search = tuning.Search.of(comparison)
    with monkeypatch.context() as patch:
        if killed:
            patch.setattr(optuna.Study, "optimize", kill)
        else:
            patch.setattr(Comparison, "run", interrupt)
        with pytest.raises(KeyboardInterrupt):
            search.run(2)
    study = search.run(3)
    assert study.trials[0].state.name == ("RUNNING" if killed else "FAIL")
    assert [trial.params == tuning.START for trial in study.trials[1:]] == [True, False, False]
    assert len(judged) == 3
    trials.write_csv(comparison.trainer.run.path("trials.csv"), study, search.pairs)
    table = comparison.trainer.run.path("trials.csv").read_text(encoding="utf-8")
    assert table.count("\n") == 1 + 3


def test_no_trial_that_could_be_trained_is_told(comparison, monkeypatch):
    pytest.importorskip("optuna")
    failed = {"failed": "NaN in step 3"}
    monkeypatch.setattr(Comparison, "run", lambda self: {key: [failed] for key in self.methods})
    message = r"None of the 2 trials could be trained.*Received: \['NaN in step 3'\]"
    with pytest.raises(RuntimeError, match=message):
        tuning.Search.of(comparison).run(2)


@pytest.mark.slow
def test_the_recipe_and_its_report(recipe, tmp_path):
    pytest.importorskip("optuna")
    flags = (
        "--num_labels=100 --num_trials=2 --num_seeds=1 --epochs=1 --batch_size=50 "
        "--teacher_epochs=1"
    ).split()
    done = recipe("tune", tmp_path / "run", *flags)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "is best on the validation images" in done.stdout and "best setting: {" in done.stdout
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert [row["key"] for row in results["rows"]] == ["teacher", "alone", "start", "tuned"]
    assert [row["best"] for row in results["rows"]] == [False, False, False, True]
    assert results["exported"] == "tuned" and len(results["search"]["trials"]) == 2
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "KD + LP, tuned" in page
    for section in ("trials", "mistakes", "disagreements", "confidence", "maps", "neighbours"):
        assert f'<section id="{section}"' in page
    before = (tmp_path / "run" / "trials.journal").read_bytes()
    again = recipe("tune", tmp_path / "run", *flags, "--resume")
    assert again.returncode == 0, again.stderr[-2000:]
    assert (tmp_path / "run" / "trials.journal").read_bytes() == before
