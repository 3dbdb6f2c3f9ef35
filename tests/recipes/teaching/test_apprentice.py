"""A student whose teacher is cached learns as from the live one."""

import dataclasses

import keras
import numpy as np
import pytest

from teaching.apprentice import Apprentice
from teaching.optimizers import sgd
from tf_lpdistill import TeacherCache, models
from tf_lpdistill.losses import ContrastiveRepresentation, LocalityPreserving, SoftTarget


@pytest.fixture
def job(trainer, pair, layers):
    """Returns a function that makes the same apprentice, with a folder of caches or without."""
    weights = pair[1].get_weights()
    split = trainer.data.train.subset(200)
    plain = dataclasses.replace(trainer, optimizer=sgd(0.1, (), 0.0))  # Adam enlarges rounding

    def make(caches):
        student = models.digits_student()
        student.set_weights(weights)
        return Apprentice(plain, pair[0], student, layers, split, 2, 0, caches)

    return make


def learn(job, losses):
    keras.utils.set_random_seed(0)
    distiller = job.distiller(losses, [0.5] * len(losses))
    job.train(distiller, 2)
    return distiller, [variable.numpy() for variable in job.student.trainable_variables]


def test_a_cached_teacher_teaches_what_the_live_one_does(job, tmp_path):
    def losses():
        return [SoftTarget(), LocalityPreserving("features", "features")]

    live, expected = learn(job(None), losses())
    cached, found = learn(job(tmp_path / "caches"), losses())
    assert live.teacher is not cached.teacher and isinstance(cached.teacher, TeacherCache)
    _, untaught = learn(job(None), [])
    apart, taught = (
        sum(np.square(a - b).sum() for a, b in zip(weights, expected, strict=True)) ** 0.5
        for weights in (found, untaught)
    )
    assert 0 < apart < 0.1 * taught  # the cache keeps float16


def test_losses_share_caches_by_the_layers_that_they_ask_for(job, tmp_path):
    apprentice = job(tmp_path)
    lp = LocalityPreserving("features", "features")
    first = apprentice.distiller([SoftTarget(), lp]).teacher
    assert first.layer_names == ("features",) and first.num_samples == 200
    assert apprentice.distiller([lp]).teacher.directory == first.directory
    assert apprentice.distiller([SoftTarget()]).teacher.layer_names == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["features", "predictions"]


def test_a_loss_with_a_memory_learns_from_a_cache(job, tmp_path):
    apprentice = job(tmp_path)
    loss = ContrastiveRepresentation("features", "features", num_samples=200, num_negatives=50)
    apprentice.train(apprentice.distiller([loss]), 1)
    assert np.isfinite(apprentice.curves[0]["loss"])
