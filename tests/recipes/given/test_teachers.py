"""A teacher is had once: trained or taken as it is, kept in the run, judged before it teaches."""

import numpy as np
import pytest

from given import teachers
from given.teachers import TeacherSource
from teaching.optimizers import adam


def test_a_teacher_that_is_ready_is_kept_for_a_resumed_run(trainer, pair):
    taken = teachers.obtain(TeacherSource(lambda: pair[0], 0), trainer, 0)
    assert taken is pair[0] and not trainer.run.path("teacher.csv").exists()
    again = teachers.obtain(TeacherSource(pytest.fail, 0), trainer, 0)
    for weight, same in zip(taken.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, same)


def test_a_teacher_is_trained_once(trainer, pair):
    teacher = teachers.obtain(TeacherSource(lambda: pair[1], 1), trainer, 0)
    assert trainer.run.path("teacher.csv").is_file()
    again = teachers.obtain(TeacherSource(pytest.fail, 1), trainer, 0)
    for weight, same in zip(teacher.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, same)


def test_a_teacher_may_have_an_optimizer_of_its_own(trainer, pair):
    untrained = [weight.copy() for weight in pair[1].get_weights()]
    still = TeacherSource(lambda: pair[1], 1, optimizer=adam(1e-12))
    teacher = teachers.obtain(still, trainer, 0)
    kernels = [weight for weight in teacher.trainable_weights if weight.name == "kernel"]
    before = dict(zip([weight.path for weight in teacher.weights], untrained, strict=True))
    assert len(kernels) > 2
    for kernel in kernels:
        np.testing.assert_allclose(kernel, before[kernel.path], atol=1e-8)


@pytest.mark.parametrize(("accuracy", "warned"), [(0.19, True), (0.21, False)])
def test_one_that_guesses_is_told(trainer, capsys, accuracy, warned):
    teachers.tell(trainer, accuracy, "validation images")
    printed = capsys.readouterr().out
    assert f"teacher: {100 * accuracy:.1f} % of the validation images" in printed
    assert ("close to guessing" in printed) == warned
