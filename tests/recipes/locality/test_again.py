"""Rows are found, made again, and held against their intervals."""

import types

import pytest

import study_again
from locality import again, raw

pytest.importorskip("scipy")
ROWS = raw.read(study_again.ROWS)


def test_a_row_of_a_table_is_found_with_its_seeds():
    found = again.select(ROWS, "final", "mnist_plain", "kd_lp")
    assert [row["seed"] for row in found] == [0, 1, 2, 3, 4]
    teacher = again.select(ROWS, "final", "mnist_plain", "teacher")
    assert len(teacher) == 1 and teacher[0]["part"] == "teacher"
    one = {"locality_preserving.num_neighbors": 2}
    swept = again.select(ROWS, "sweep_neighbors", "mnist_plain", "locality_preserving", one)
    assert len(swept) == 3 and all(row["setting"] == one for row in swept)


def test_what_is_not_on_record_is_refused_with_what_is():
    with pytest.raises(ValueError, match=r"--method must .* one of: .*kd_lp.*--method=nothing"):
        again.select(ROWS, "final", "mnist_plain", "nothing")
    with pytest.raises(ValueError, match=r"--part must .* one of: final, .*sweep_k --method"):
        again.select(ROWS, "sweep_k", "mnist_plain", "kd_lp")
    with pytest.raises(ValueError, match=r"--cell must .*mnist_plain.*--cell=nowhere"):
        again.select(ROWS, "final", "nowhere", "teacher")
    with pytest.raises(ValueError, match=r'--setting must name one of these: .*neighbors": 1}'):
        again.select(ROWS, "sweep_neighbors", "mnist_plain", "locality_preserving")
    with pytest.raises(ValueError, match=r'--setting must name one of these: .*Received: {"k": 3}'):
        again.select(ROWS, "final", "mnist_plain", "kd_lp", {"k": 3})


def test_a_mean_outside_of_the_interval_is_told(capsys):
    rows = [{"test_accuracy": score} for score in (0.90, 0.91, 0.92)]
    assert again.within(rows, [{"test_accuracy": 0.915}])
    assert not again.within(rows, [{"test_accuracy": 0.95}])
    assert again.within(rows[:1], [{"test_accuracy": 0.2}])
    with pytest.raises(ValueError, match=r"cannot be made here: out of memory"):
        again.within(rows, [{"failed": "out of memory"}])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "91.00 ± 1.00 on record, 91.50 now, within 88.52 to 93.48"
    assert ", outside of 88.52" in said[1] and said[2].endswith("one run has no interval")


def test_another_teacher_is_refused():
    rows = [{"part": "teacher", "cell": "cifar_residual", "parameters": 271098}]
    one, other = (types.SimpleNamespace(count_params=lambda n=n: n) for n in (271098, 309994))
    again.check_teacher(rows, "cifar_residual", one)
    again.check_teacher(rows, "mnist_plain", other)
    with pytest.raises(ValueError, match=r"had 271,098 parameters, this one has 309,994: give its"):
        again.check_teacher(rows, "cifar_residual", other)
