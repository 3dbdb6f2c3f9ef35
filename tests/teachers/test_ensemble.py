"""Ensembles: what they accept, what losses are given by name, one forward pass of each teacher."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tests.small import CROSS_ENTROPY, batch, compiled, network
from tf_lpdistill import Distiller, TeacherEnsemble
from tf_lpdistill.losses import (
    Hint,
    LocalityPreserving,
    RelativeDissimilarity,
    SoftTarget,
)
from tf_lpdistill.losses.base import Loss
from tf_lpdistill.taps import Tap
from tf_lpdistill.teachers import split_path


def ensemble(weights=None):
    return TeacherEnsemble([network(8, name="a"), network(5, name="b")], weights)


def distiller_of(teacher, losses, **settings):
    return compiled(Distiller(teacher, network(), losses), **settings)


class Recorded(Loss):
    """Keeps what it is given."""

    several_teachers = True

    def compute_loss(self, teacher_outputs, student_outputs, teacher_weights=None):
        self.given = (teacher_outputs, teacher_weights)
        return keras.ops.mean(student_outputs)


def test_weights_are_shares():
    assert ensemble().weights == (0.5, 0.5)
    assert ensemble((1, 3)).weights == (0.25, 0.75)
    assert ensemble([0.0, 1e-3]).weights == (0.0, 1.0)
    made = ensemble([1, 3])
    assert made.names == ("a", "b") and [model.name for model in made.teachers] == ["a", "b"]
    assert repr(made) == "TeacherEnsemble(['a', 'b'], weights=[0.25, 0.75])"


@pytest.mark.parametrize("weights", [[1], [1, 1, 1], [0, 0], [1, -1], [1, np.nan], "12", 1.0])
def test_weights_that_are_no_weights(weights):
    with pytest.raises(ValueError, match="`weights` must be 2 finite numbers, one a teacher"):
        ensemble(weights)


def test_teachers_that_are_no_ensemble():
    model = network(name="a")
    for teachers in (model, [model], [], [model, "b"], None, [model, ensemble()]):
        with pytest.raises(ValueError, match="must be a list of two or more keras.Models"):
            TeacherEnsemble(teachers)


def test_names_must_differ_and_can_be_set():
    one, other = network(name="a"), network(name="a")
    message = r"must have different names.*`teacher.name = ...`.*names \['a', 'a'\]"
    with pytest.raises(ValueError, match=message):
        TeacherEnsemble([one, other])
    with pytest.raises(ValueError, match="must have different names"):
        TeacherEnsemble([one, one])
    other.name = "b"
    history = distiller_of(TeacherEnsemble([one, other]), SoftTarget("b")).fit(*batch(), verbose=0)
    assert history.history["soft_target"][0] > 0.0


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (None, (None, None)),
        ("hidden", (None, "hidden")),
        ("backbone/hidden", (None, "backbone/hidden")),
        ("a", ("a", None)),
        ("a/hidden", ("a", "hidden")),
        ("b/a/hidden", ("b", "a/hidden")),
        ("ab/hidden", (None, "ab/hidden")),
    ],
)
def test_the_first_part_of_a_path_may_be_a_teacher(path, expected):
    assert split_path(path, ("a", "b")) == expected


@pytest.mark.parametrize(
    ("path", "shapes"),
    [
        (None, [(16, 3), (16, 3)]),
        ("logits", [(16, 3), (16, 3)]),
        (("a/hidden", "b/hidden"), [(16, 8), (16, 5)]),
        (("a", "b/hidden"), [(16, 3), (16, 5)]),
        ("b/hidden", (16, 5)),
        ("b", (16, 3)),
    ],
)
def test_what_a_loss_is_given(path, shapes):
    loss = Recorded(path)
    distiller = distiller_of(ensemble([1, 3]), loss, run_eagerly=True)
    distiller.train_on_batch(*batch())
    outputs, weights = loss.given
    assert weights == (0.25, 0.75)
    several = isinstance(outputs, tuple)
    assert ([tuple(o.shape) for o in outputs] if several else tuple(outputs.shape)) == shapes
    alone = distiller_of(network(), Recorded(), run_eagerly=True)
    alone.train_on_batch(*batch())
    assert alone.distillation_losses[0].given[1] is None


def test_one_teacher_of_an_ensemble_teaches_as_it_does_alone():
    teachers, updates = ensemble(), []
    losses = {
        "b/": lambda: [SoftTarget("b"), LocalityPreserving("b/hidden", "hidden", num_neighbors=2)],
        "": lambda: [SoftTarget(), LocalityPreserving("hidden", "hidden", num_neighbors=2)],
    }
    for prefix, teacher in (("b/", teachers), ("", teachers.teachers[1])):
        keras.utils.set_random_seed(0)
        distiller = distiller_of(teacher, losses[prefix]())
        distiller.fit(*batch(), batch_size=16, shuffle=False, epochs=3, verbose=0)
        updates.append(distiller.student.get_weights())
    for one, other in zip(*updates, strict=True):
        np.testing.assert_array_equal(one, other)


def test_kerass_losses_take_one_teacher():
    losses = [
        keras.distillation.FeatureDistillation("mse", "b/logits", "logits"),
        Hint("a/hidden", "hidden"),
    ]
    history = distiller_of(ensemble(), losses).fit(*batch(), epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all() and history["feature_distillation"][0] > 0.0


def test_teachers_of_other_classes_and_other_inputs_are_refused():
    inputs = keras.Input((6,))
    wide = keras.Model(inputs, layers.Dense(4)(inputs), name="wide")
    with pytest.raises(ValueError, match="the same classes. Received: teacher output .None, 4"):
        Distiller(TeacherEnsemble([network(name="a"), wide]), network(), SoftTarget())
    inputs = keras.Input((7,))
    large = keras.Model(inputs, layers.Dense(3)(inputs), name="large")
    with pytest.raises(ValueError, match=r"The model 'large' takes inputs of shape \(None, 7\)"):
        Distiller(TeacherEnsemble([network(name="a"), large]), network(), SoftTarget())


def test_each_teacher_runs_once_a_step_and_stays_as_it_was():
    class Counted(layers.Layer):
        calls = 0

        def call(self, inputs):
            if not isinstance(inputs, keras.KerasTensor) and inputs.shape[0] == 16:
                type(self).calls += 1
            return inputs

    def teacher(name):
        inputs = keras.Input((6,))
        x = layers.BatchNormalization(name="hidden")(Counted()(inputs))
        return keras.Model(inputs, layers.Dense(3)(layers.Dropout(0.9)(x)), name=name)

    teachers = TeacherEnsemble([teacher("a"), teacher("b")])
    losses = [SoftTarget(), RelativeDissimilarity("hidden", "hidden"), Hint("a/hidden", "hidden")]
    distiller = distiller_of(teachers, losses, run_eagerly=True)
    before = [model.get_weights() for model in teachers.teachers]
    distiller.train_on_batch(*batch())  # the first batch is looked at before it is used
    Counted.calls = 0
    for _ in range(3):
        distiller.train_on_batch(*batch())
    assert Counted.calls == 2 * 3
    assert distiller.teacher is teachers and all(model.trainable for model in teachers.teachers)
    for model, weights in zip(teachers.teachers, before, strict=True):
        for one, other in zip(model.get_weights(), weights, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_the_same_update_on_one_and_two_replicas(mirrored):
    x, y = batch(24)
    teachers, results = ensemble([1, 3]), []
    for strategy in (tf.distribute.get_strategy(), mirrored):
        with strategy.scope():
            keras.utils.set_random_seed(0)
            models = []
            for model in teachers.teachers:
                models.append(keras.models.clone_model(model))
                models[-1].set_weights(model.get_weights())
            losses = [SoftTarget(), RelativeDissimilarity("hidden", "hidden")]
            distiller = distiller_of(TeacherEnsemble(models, [1, 3]), losses)
        dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
        history = distiller.fit(dataset, shuffle=False, verbose=0).history
        results.append((history, distiller.student.get_weights()))
    for name, values in results[0][0].items():
        np.testing.assert_allclose(values, results[1][0][name], rtol=1e-5, err_msg=name)
    for one, other in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_subclassed_teachers_that_return_dicts():
    class Net(keras.Model):
        def __init__(self, width, name):
            super().__init__(name=name)
            self.inner, self.head = layers.Dense(width), layers.Dense(3)

        def call(self, inputs):
            features = self.inner(inputs)
            return {"hidden": features, "logits": self.head(features)}

    teachers = TeacherEnsemble([Net(8, "a"), network(name="b")])
    losses = [SoftTarget("logits"), RelativeDissimilarity("hidden", "hidden"), SoftTarget("b")]
    history = distiller_of(teachers, losses).fit(*batch(), verbose=0).history
    assert history["soft_target"][0] > 0.0 and np.isfinite(history["loss"]).all()
    with pytest.raises(ValueError, match="is a dict with the keys.*Name one of them"):
        Distiller(teachers, network(), SoftTarget())


@pytest.mark.slow
def test_a_student_of_two_teachers_of_real_digits_takes_over_their_mean_and_their_order(digits):
    def images(part):
        return np.float32(part.images / 255.0).reshape(len(part), 64)

    def model(width, name=None):
        inputs = keras.Input((64,))
        x = layers.Dense(width, activation="relu", name="hidden")(inputs)
        return keras.Model(inputs, layers.Dense(10)(x), name=name)

    def nearer(one):
        """(100, 100, 100): whether test image j is nearer to i than k is, in the hidden layer."""
        rows = Tap(one, ["hidden"])(test[:100])[1]["hidden"].numpy()
        distances = np.linalg.norm(rows[:, None] - rows[None, :], axis=-1)
        return distances[:, :, None] < distances[:, None, :]

    train, test = images(digits.train), images(digits.test)
    teachers = [model(64, "a"), model(32, "b")]
    for teacher in teachers:
        teacher.compile(keras.optimizers.Adam(0.01), loss=CROSS_ENTROPY)
        teacher.fit(train, digits.train.labels, epochs=5, verbose=0)
    mean = sum(keras.ops.softmax(teacher(test)).numpy() for teacher in teachers) / 2
    agreed = nearer(teachers[0]) & nearer(teachers[1])

    def unseen(student):
        distance = np.abs(mean - keras.ops.softmax(student(test))).sum(axis=1).mean()
        return distance, 1.0 - nearer(student)[agreed].mean()

    # Each loss alone; KD alone takes over the order too, but leaves a fifth of its violations.
    for index, loss, left in (
        (0, SoftTarget(), 0.3),
        (1, RelativeDissimilarity("hidden", "hidden"), 0.12),
    ):
        student = model(8)
        before = unseen(student)[index]
        distiller = Distiller(TeacherEnsemble(teachers), student, loss, student_loss_weight=0.0)
        distiller.compile(keras.optimizers.Adam(0.01), loss=None)
        distiller.fit(train, batch_size=50, epochs=8, verbose=0)
        assert unseen(student)[index] < left * before
