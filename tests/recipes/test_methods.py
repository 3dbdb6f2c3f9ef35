import dataclasses
import re
from types import SimpleNamespace

import pytest

import methods
from methods import METHODS
from roles import Layers, Network
from tests.pages import ROOT
from tf_lpdistill import losses
from tf_lpdistill.losses.base import snake_case

CLASSES = {snake_case(name) for name in losses.__all__ if name not in ("Loss", "get")}
NAMED = {term.loss for method in METHODS.values() for term in method.terms}


@pytest.fixture
def job(pair, layers):
    """What a method may ask for when it makes its losses."""
    return SimpleNamespace(teacher=pair[0], student=pair[1], layers=layers, num_samples=300)


def weights(key, job):
    return [weight for term in METHODS[key].terms for _, weight in term.make(job)]


def test_every_loss_is_compared_also_one_without_a_row(job):
    assert CLASSES == NAMED
    rows = {key: METHODS[key] for key in ("alone", "rkd", "soft_target")}
    completed = methods.complete(rows)
    assert set(completed) - set(rows) == CLASSES - {
        "relational_distance", "relational_angle", "soft_target",
    }  # fmt: skip
    ((loss, weight),) = completed["pairwise_distance"].terms[0].make(job)
    assert isinstance(loss, losses.PairwiseDistance) and weight == 1.0
    assert loss.teacher_layer_name == "features"


@pytest.mark.parametrize("loss", sorted(CLASSES))
def test_every_loss_is_made_with_a_positive_weight(loss, job):
    terms = [term for method in METHODS.values() for term in method.terms if term.loss == loss]
    made = [part for term in terms for part in term.make(job)]
    assert {type(part) for part, _ in made} == {losses.get(loss)}
    assert all(weight > 0 for _, weight in made)


def test_titles_are_told_apart_and_only_the_lone_student_has_no_teacher():
    titles = [method.title for method in METHODS.values()]
    assert len(set(titles)) == len(titles)
    bare = [key for key, method in METHODS.items() if not method.terms and not method.stages]
    assert bare == ["alone"]


def test_published_sums_become_means_times_entries(job):
    # The teacher's 128 channels on 4x4 pixels: 2048 entries.
    assert weights("activation_boundary", job) == [pytest.approx(0.003 * 2048)]
    assert weights("feature_overhaul", job) == [pytest.approx(0.001 * 2048)]
    assert weights("factor_transfer", job) == [pytest.approx(500 / 1024**0.5)]


def test_the_guide_gives_the_weights_of_the_table():
    """docs/torchdistill.md: a class times a number, for those who come from other collections."""
    page = (ROOT / "docs" / "torchdistill.md").read_text(encoding="utf-8")
    told = {
        snake_case(name): float(number)
        for name, number in re.findall(r"`(\w+)` × (\d[\d.]*)", page)
    }
    terms = {term.loss: term for method in METHODS.values() for term in method.terms}
    # KD stands in two methods: that of public code is the one alone.
    terms["soft_target"] = METHODS["soft_target"].terms[0]
    assert len(told) > 10
    assert told == {name: terms[name].weight for name in told}


def test_the_guide_on_layers_names_every_loss():
    page = (ROOT / "docs" / "layers.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| (`.+?) \|", page, re.MULTILINE)
    assert {snake_case(name) for row in table for name in re.findall(r"`(\w+)`", row)} == CLASSES


def test_the_margin_is_that_of_the_batch_norm_before_the_relu(job):
    ((loss, _),) = METHODS["feature_overhaul"].terms[0].make(job)
    assert len(loss.margin) == 128
    named = {role: Network.of(role, model) for role, model in (("student", job.student),)}
    teacher = Network.of("teacher", job.teacher, preactivation="conv5")
    job.layers = Layers(teacher, named["student"])
    ((loss, _),) = METHODS["feature_overhaul"].terms[0].make(job)
    assert loss.margin is None


def test_rkd_is_both_of_its_terms(job):
    assert weights("rkd", job) == [25.0, 50.0]


def test_selected_methods_keep_the_order_of_the_table_and_the_lone_student():
    assert list(methods.select(["kd_lp", "soft_target"])) == ["alone", "soft_target", "kd_lp"]
    assert methods.select(["all"]) == METHODS
    assert list(methods.select(["alone"])) == ["alone"]


@pytest.mark.parametrize(("names", "received"), [(["kd"], "kd"), ([], "nothing")])
def test_unknown_methods_are_told_with_the_known_ones(names, received):
    with pytest.raises(ValueError, match=f"soft_target, locality_.* Received: {received}$"):
        methods.select(names)


def test_rows_are_data():
    with pytest.raises(dataclasses.FrozenInstanceError):
        METHODS["alone"].title = "other"
