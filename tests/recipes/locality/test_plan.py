"""Which runs come when."""

import pytest

from locality import cells, parts, plan
from locality.records import Job
from methods import METHODS

pytest.importorskip("optuna")
KD, LP = "soft_target", "locality_preserving"


def row(job, score=None):
    outcome = {"failed": "a reason"} if score is None else {"validation_accuracy": score}
    return vars(job) | outcome


def of(jobs, part, method):
    return [job for job in jobs if (job.part, job.method) == (part, method)]


def test_all_parts_name_what_there_is():
    for part in parts.PARTS.values():
        for cell, methods in part:
            assert cell in cells.CELLS
            assert methods in ("sweeps", "fitnets") or set(methods) <= set(METHODS)


def test_the_student_alone_is_tuned_first():
    jobs, more = plan.ready(["digits"], [])
    assert more and {(job.part, job.method) for job in jobs} == {("tune", "alone")}
    assert len(jobs) == 8 and {job.seed for job in jobs} == {parts.TUNING_SEED}
    assert parts.TUNING_SEED not in parts.SEEDS


def test_its_learning_rate_holds_for_all_and_the_best_trial_is_trained_with_all_seeds():
    alone, _ = plan.ready(["digits"], [])
    rows = [row(job, 0.1 * i if i < 6 else 0.2) for i, job in enumerate(alone)]
    jobs, more = plan.ready(["digits"], rows)
    best = alone[5].setting
    assert more
    assert [job.setting for job in of(jobs, "final", "alone")] == [best] * len(parts.SEEDS)
    tuned = of(jobs, "tune", LP)
    assert len(tuned) == 8 and {job.setting["learning_rate"] for job in tuned} == {
        best["learning_rate"]
    }
    assert of(jobs, "final", LP) == []
    rows += [row(job, 0.5) for job in tuned]  # of equal ones the first, the published setting
    final = of(plan.ready(["digits"], rows)[0], "final", LP)
    assert [job.setting for job in final] == [tuned[0].setting] * len(parts.SEEDS)


def test_a_method_that_always_fails_holds_nothing_up():
    rows = [row(job, 0.5) for job in plan.ready(["digits"], [])[0]]
    rows += [row(job) for job in of(plan.ready(["digits"], rows)[0], "tune", KD)]
    jobs, more = plan.ready(["digits"], rows)
    assert of(jobs, "final", KD) == [] and more
    rows += [row(job, 0.5) for m in (LP, "kd_lp") for job in of(jobs, "tune", m)]
    jobs, more = plan.ready(["digits"], rows)
    assert not more and len(of(jobs, "final", "kd_lp")) == len(parts.SEEDS)


def test_a_cell_whose_student_cannot_be_trained_ends():
    rows = [row(job) for job in plan.ready(["digits"], [])[0]]
    jobs, more = plan.ready(["digits"], rows)
    assert not more and {job.method for job in jobs} == {"alone"}


def test_sweeps_depend_on_nothing_and_each_run_is_there_once():
    jobs, more = plan.ready(["sweeps", "sweeps"], [])
    assert not more and len({job.name for job in jobs}) == len(jobs)
    number = sum(map(len, parts.SWEEPS.values())) * len(parts.SWEEP_SEEDS)
    assert len(jobs) == number
    default = Job("sweep_weight", "mnist_plain", LP, {f"{LP}.weight": 1.0}, 0)
    assert default in jobs  # 0.3, the weight of `space.FIRST`
