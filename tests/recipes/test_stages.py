"""The two stages: what each of them trains, on a few real digits."""

import keras
import numpy as np
import pytest

import stages
from roles import Layers, Network
from teaching.apprentice import Apprentice
from tf_lpdistill import models

EPOCHS = 3  # one for the first stage, two for the second


class Watched(Apprentice):
    """Remembers the student's weights before and after every stage."""

    def __init__(self, *args):
        super().__init__(*args)
        self.models, self.seen = [], [self.student.get_weights()]

    def _fit(self, model, epochs, **how):
        self.models.append(model)
        super()._fit(model, epochs, **how)
        self.seen.append(self.student.get_weights())

    def moved(self, stage):
        """Names of the student's trainable weights that a stage changed."""
        names = [variable.path for variable in self.student.weights]
        trained = {variable.path for variable in self.student.trainable_weights}
        pairs = zip(names, self.seen[stage], self.seen[stage + 1], strict=True)
        return {n.split("/")[0] for n, a, b in pairs if n in trained and (a != b).any()}


@pytest.fixture
def job(trainer):
    def make(student, **named):
        teacher = models.digits_teacher()
        networks = Layers(Network.of("teacher", teacher), Network.of("student", student, **named))
        split = trainer.data.train.subset(100)
        return Watched(trainer, teacher, student, networks, split, EPOCHS, 0)

    return make


def test_fitnets_trains_up_to_the_guided_layer_and_then_the_whole(job):
    watched = job(models.digits_student(), stages=["relu1", "relu2"])
    stages.fitnets(watched)
    assert watched.moved(0) == {"conv1", "norm1", "conv2", "norm2"}
    assert watched.moved(1) == {layer.name for layer in watched.student.layers if layer.weights}
    schedule = watched.models[1].distillation_loss_weights[0]
    ends = [float(schedule(step)) for step in (0, watched.steps(2))]
    assert ends == pytest.approx([4 / 9, 1 / 9])  # lambda 4 to 1, by T^2
    assert [row["epoch"] for row in watched.curves] == [1, 2, 3]
    assert watched.extra_parameters == 16 * 128 + 128  # the regressor, from 16 to 128 channels


def test_activation_boundary_comes_first_and_then_the_labels_alone(job):
    watched = job(models.digits_student())
    stages.activation_boundary(watched)
    assert watched.moved(0) == {f"{kind}{i}" for kind in ("conv", "norm") for i in (1, 2, 3)}
    assert watched.models[1] is watched.student
    assert watched.best.epoch in (1, 2)  # of the second stage


def test_solution_flow_needs_equal_channels(job):
    watched = job(models.digits_student(filters=(32, 4, 128)))
    stages.solution_flow(watched)
    assert watched.moved(0) == {f"{kind}{i}" for kind in ("conv", "norm") for i in (1, 2, 3)}
    with pytest.raises(ValueError, match="must have the same channels"):
        stages.solution_flow(job(models.digits_student()))


def test_the_flow_runs_between_neighbouring_stages(layers):
    assert stages.neighbours(layers) == [(("relu2", "relu5"), ("relu1", "relu3"))]
    single = Network.of("student", models.digits_student(), stages=["relu1"])
    with pytest.raises(ValueError, match="needs two stage ends .* --teacher_stages"):
        stages.neighbours(Layers(layers.teacher, single))


@pytest.mark.slow
def test_factor_transfer_trains_a_paraphraser_and_then_the_student(job):
    watched = job(models.digits_student())
    teacher = watched.teacher.get_weights()
    stages.factor_transfer(watched)
    assert watched.moved(0) == set()
    first, second = watched.models
    assert first.student_loss_weight == 0.0 and first.trainable_variables
    assert second.distillation_losses[0].paraphraser.trainable_weights == []
    for before, after in zip(teacher, watched.teacher.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert len(watched.curves) == EPOCHS + 1


@pytest.mark.slow
def test_the_reconstruction_improves(trainer, job):
    watched = job(models.digits_student())
    watched.epochs = 30
    stages.factor_transfer(watched)
    losses = [row["loss"] for row in watched.curves[:10]]
    assert losses[-1] < 0.5 * losses[0]


def test_one_epoch_is_too_short_for_two_stages(job):
    watched = job(models.digits_student())
    watched.epochs = 1
    with pytest.raises(ValueError, match="Two stages need two epochs or more. Received: --epochs"):
        stages.fitnets(watched)


def test_a_loss_that_is_not_finite_is_told(trainer, job):
    watched = job(models.digits_student())
    watched.student.get_layer("logits").bias.assign(np.full(10, np.nan))
    with pytest.raises(ValueError, match="The loss is not finite in epoch 1: nan"):
        watched.train(watched.student, 1)


def test_the_lone_student_trains_nothing_beside_itself(trainer, job):
    keras.utils.set_random_seed(0)
    watched = job(models.digits_student())
    watched.train(watched.student, 1)
    assert watched.extra_parameters == 0 and watched.num_samples == 100
