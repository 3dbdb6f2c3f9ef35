"""What the pictures are drawn from: a batch as the loss sees it, and students at a weight."""

import numpy as np
import pytest

from explained import lesson
from tf_lpdistill import data, models
from tf_lpdistill.losses import LocalityPreserving


def test_a_batch_is_what_the_loss_sees():
    teacher = models.digits_teacher()  # an untrained one has neighbourhoods too
    batch = lesson.Classroom(data.load_digits(), teacher, epochs=1).batch()
    squared = np.take_along_axis(batch.distances(), batch.neighbors, axis=1) ** 2
    np.testing.assert_allclose(batch.alpha, np.exp(-squared / batch.sigma**2), rtol=1e-3)
    farther = np.sort(batch.distances(), axis=1)[:, lesson.NEIGHBORS + 1]
    assert (batch.neighbor_distances().max(axis=1) <= farther).all()
    student = np.random.default_rng(0).normal(size=(len(batch.split), 3)).astype("float32")
    energies = [
        (batch.alpha[i] * ((student[i] - student[near]) ** 2).sum(axis=1)).sum()
        for i, near in enumerate(batch.neighbors)
    ]
    loss = LocalityPreserving(num_neighbors=lesson.NEIGHBORS)
    np.testing.assert_allclose(
        loss.compute_loss(batch.features, student), np.mean(energies), rtol=1e-3
    )


@pytest.mark.slow
def test_a_heavy_loss_draws_the_student_into_a_point():
    classroom = lesson.open_classroom(teacher_epochs=5, epochs=40)
    assert classroom.see(classroom.teacher).accuracy > 0.9
    before = classroom.teacher.get_weights()
    found = {weight: classroom.student(weight, seed=1) for weight in (0.0, 100.0)}
    for weight, kept in zip(classroom.teacher.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, kept)
    (alone, value), (collapsed, heavy) = found.values()
    assert alone.accuracy > 0.8 > 0.5 > collapsed.accuracy and heavy < 0.1 * value
    assert collapsed.features.std(axis=0).sum() < 0.1 * alone.features.std(axis=0).sum()
