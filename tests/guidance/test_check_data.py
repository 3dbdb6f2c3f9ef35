"""A check on every kind of data and teacher that `fit` takes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.guidance.wiring import batches, lp, wire
from tests.small import batch, compiled, network
from tests.small import lp as small_lp
from tf_lpdistill import (
    Distiller,
    Preprocessing,
    TeacherCache,
    TeacherEnsemble,
    data,
    guidance,
    models,
)
from tf_lpdistill.guidance.gradients import part_gradients
from tf_lpdistill.losses import Hint, Loss, RelationalDistance, SoftTarget


def names(findings):
    return [found.name for found in findings]


def test_without_labels(teacher, student, train):
    distiller = wire(teacher, student, student_loss_weight=0)
    found = guidance.check(distiller, train.map(lambda x, y: x))
    assert found.problems == [] and names(found) == ["no_labels", "memory"]


def test_one_hot_labels(teacher, student, digits):
    train = data.one_hot(batches(digits.train, "0..255"), 10)
    distiller = wire(teacher, student, loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    assert names(guidance.check(distiller, train).problems) == ["input_scaling"]


def test_samples_of_weight_0_do_not_count(teacher, student, train):
    """Half of every batch is spoilt, NaN and mislabelled, and counts for nothing."""

    def spoil(x, y):
        sound = tf.range(100) % 2 == 0
        x = tf.where(sound[:, None, None, None], x, float("nan"))
        return x, tf.where(sound, y, (y + 1) % 10), tf.cast(sound, tf.float32)

    spoilt = train.map(spoil)
    found = guidance.check(wire(teacher, student), spoilt)
    assert "not_finite" in names(found.problems)  # the student's BatchNorm sees them all the same
    assert "labels_shifted" not in names(found)
    zeroed = spoilt.map(lambda x, y, w: (tf.where(tf.math.is_nan(x), 0.0, x), y, w))
    assert guidance.check(wire(teacher, student), zeroed).problems == []


def test_a_cache(teacher, student, digits, tmp_path):
    pixels = Preprocessing((8, 8), color="grayscale", scaling="0..1")
    split = digits.train.subset(300)
    once = data.evaluation_batches(split, pixels, 100, sample_ids=True)
    cache = TeacherCache.build(teacher, once, tmp_path / "cache", ["features"])
    train = cache.attach(batches(split, sample_ids=True))
    found = guidance.check(wire(cache, student), train)
    assert found.problems == [] and names(found) == ["teacher_score", "memory"]
    shifted = guidance.check(wire(cache, student), train.map(lambda x, y: (x, (y + 1) % 10)))
    assert names(shifted.problems) == ["labels_shifted"]


def test_an_ensemble_names_the_teacher_that_is_wrong(teacher, student, train):
    fresh = keras.models.clone_model(teacher)
    fresh.name = "fresh"
    ensemble = TeacherEnsemble([teacher, fresh])
    distiller = wire(ensemble, student, [SoftTarget(), lp("digits_teacher/features")])
    found = guidance.check(distiller, train)
    assert names(found.problems) == ["teacher_untrained"]
    assert found.problems[0].what.startswith("The teacher 'fresh' is right on")
    assert any("The teacher 'digits_teacher' is right on" in note.what for note in found)
    early = wire(ensemble, student, [lp("digits_teacher/relu1")])
    (found,) = (f for f in guidance.check(early, train) if f.name == "wrong_layer")
    assert found.way_out.startswith("Name 'digits_teacher/features' as `teacher_layer_name`, or")


def test_replicas(teacher, digits, mirrored):
    with mirrored.scope():
        distiller = wire(teacher, models.digits_student(), [lp(num_neighbors=10, scope="replica")])
        found = guidance.check(distiller, batches(digits.train, "0..255", batch_size=20)).problems
    assert sorted(names(found)) == ["input_scaling", "too_many_neighbors"]
    assert any("a batch holds 10 images" in each.what for each in found)


def test_a_student_that_is_not_built():
    inner = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(3)])
    distiller = compiled(Distiller(network(), inner, [SoftTarget()]))
    assert not distiller.built
    guidance.check(distiller, [batch(32)])
    assert distiller.built


def test_what_fit_would_refuse():
    x, y = batch()
    x[3] = np.nan
    distiller = compiled(Distiller(network(), network(), [small_lp()]))
    told = [each.what for each in guidance.check(distiller, [(x, y)]) if each.name == "refused"]
    assert "non-finite teacher features in 'hidden'" in told[1]
    with pytest.raises(ValueError, match="The student's predictions must be finite") as refusal:
        distiller.fit(x, y, shuffle=False, verbose=0)
    assert told[0] == str(refusal.value)


def test_labels_that_the_student_alone_has_no_output_for():
    x, y = batch(32)
    distiller = compiled(Distiller(network(classes=4), network(), [small_lp()]))
    found = {each.name: each for each in guidance.check(distiller, [(x, y + 1)])}
    assert found["labels_shifted"].what == (
        "The student gives 3 classes; the labels go from 1 to 3."
    )
    assert found["labels_shifted"].way_out.startswith("Number the classes 0 to 2, or give the stu")
    with pytest.raises(ValueError) as refusal:
        distiller.fit(x, y + 1, verbose=0)
    assert found["refused"].what == str(refusal.value)


@pytest.mark.parametrize("spoil", ["labels", "weights", "ids", "loss"])
def test_every_refusal_of_fit_is_told(spoil):
    x, y = batch(32)
    loss = None if spoil == "loss" else keras.losses.SparseCategoricalCrossentropy(True)
    distiller = Distiller(network(), network(), [SoftTarget()])
    distiller.compile("sgd", loss)
    weights = np.where(y == y[0], np.nan, 1.0).astype("float32")
    data = {
        "labels": (x,),
        "weights": (x, y, weights),
        "ids": ({"inputs": x, "sample_id": weights}, y),
        "loss": (x, y),
    }[spoil]
    dataset = tf.data.Dataset.from_tensors(data)
    with pytest.raises(ValueError) as refusal:
        distiller.fit(dataset, verbose=0)
    found = {each.name: each for each in guidance.check(distiller, dataset)}
    assert found["refused"].what == str(refusal.value)


def test_a_teacher_that_would_be_trained():
    teacher = network()
    features = teacher.get_layer("hidden").output
    student = keras.Model(teacher.input, keras.layers.Dense(3)(features))
    distiller = compiled(Distiller(teacher, student, [SoftTarget()]))
    found = {each.name: each for each in guidance.check(distiller, [batch(32)])}
    assert "shares 2 trained variables with the student" in found["teacher_trained"].what
    assert "keras.models.clone_model" in found["teacher_trained"].way_out


def test_gradients_that_arrive_nowhere():
    student = network()
    student.get_layer("hidden").trainable = False
    distiller = compiled(Distiller(network(), student, [small_lp(name="lp")]))
    found = {each.name: each for each in guidance.check(distiller, [batch(32)])}
    assert found["no_gradient"].what.startswith("lp: its gradient on the student's weights is 0")
    student.trainable = False
    found = {each.name: each for each in guidance.check(distiller, [batch(32)])}
    assert found["no_gradient"].what == "The student has no trainable weights."


class Backwards(Loss):
    """Written by someone who has mixed up likeness and difference."""

    def compute_loss(self, teacher_outputs, student_outputs, y=None, sample_weight=None):
        return 1.0 / (0.1 + keras.ops.mean(keras.ops.square(teacher_outputs - student_outputs)))


def test_a_loss_that_does_not_prefer_the_right_student():
    x, y = batch(32)
    distiller = compiled(Distiller(network(), network(), [Backwards(), RelationalDistance()]))
    (found,) = (f for f in guidance.check(distiller, [(x, y)]) if f.name == "self_distillation")
    assert found.what.startswith("backwards gives 10 to a student equal to its teacher, and ")


class Shifted(Loss):
    """Right but for a constant that hides how near the student is."""

    def compute_loss(self, teacher_outputs, student_outputs, y=None, sample_weight=None):
        difference = teacher_outputs - student_outputs
        return 5.0 + 100.0 * keras.ops.mean(keras.ops.square(difference))


def test_a_loss_that_is_not_0_for_the_right_student():
    distiller = compiled(Distiller(network(), network(), [Shifted(), SoftTarget()]))
    found = guidance.check(distiller, [batch(32)])
    (shifted,) = (each for each in found if each.name == "self_distillation")
    assert shifted.severity == "warning"
    assert shifted.what.startswith("shifted gives 5 to a student equal to its teacher, and ")
    assert "Look for a constant" in shifted.way_out


class Forgetful(Loss):
    """Makes an adapter, and leaves it out of the sum."""

    def build_features(self, teacher_shape, student_shape):
        self.adapter = keras.layers.Dense(teacher_shape[-1])
        self.adapter.build(student_shape)

    def compute_loss(self, teacher_outputs, student_outputs, y=None, sample_weight=None):
        adapted = keras.ops.stop_gradient(self.adapter(student_outputs))
        return keras.ops.mean(keras.ops.square(teacher_outputs - student_outputs - adapted))


def test_an_adapter_without_a_gradient():
    hint = Hint("hidden", "hidden", regressor="dense")
    distiller = compiled(Distiller(network(), network(), [Forgetful(), hint]))
    found = [f.what for f in guidance.check(distiller, [batch(32)]) if f.name == "no_gradient"]
    assert found == ["forgetful: its gradient on the loss's own trainable weights is 0."]


def test_samples_that_all_have_weight_0():
    x, y = batch(32)
    distiller = compiled(Distiller(network(), network(), [SoftTarget(), small_lp()]))
    found = guidance.check(distiller, [(x, y, np.zeros(32, "float32"))])
    assert "no_samples" in names(found) and not {"no_labels", "no_gradient"} & set(names(found))


def test_what_can_be_read_once_is_left_alone():
    distiller = compiled(Distiller(network(), network(), [SoftTarget()]))
    once = (part for part in [batch(32)])
    with pytest.raises(ValueError, match="can be read again.*from_generator.*Received: dataset=<g"):
        guidance.check(distiller, once)
    assert len(list(once)) == 1


def test_gradients_are_those_of_the_step(mirrored):
    x, y = batch(32)
    data, losses = (tf.constant(x), tf.constant(y), None), {"kd": SoftTarget, "lp": small_lp}

    def distil(*weights):
        keras.utils.set_random_seed(1)
        terms = [make(name=name) for name, make in losses.items()]
        distiller = Distiller(network(), network(), terms, weights[1:], weights[0])
        return compiled(distiller, keras.optimizers.SGD(1.0))

    alone = part_gradients(distil(1, 1, 1))(data)
    with mirrored.scope():
        together = part_gradients(distil(1, 1, 1))(data)
    assert list(alone) == list(together) == ["student_loss", "kd", "lp"]
    for index, name in enumerate(alone):
        distiller = distil(*np.eye(3)[index])
        before = distiller.student.get_weights()
        distiller.fit(x, y, batch_size=32, shuffle=False, verbose=0)
        moved = zip(before, distiller.student.get_weights(), strict=True)
        norm = np.sqrt(sum(np.sum(np.square(a - b)) for a, b in moved))
        np.testing.assert_allclose([alone[name].norm, together[name].norm], norm, rtol=1e-4)
        np.testing.assert_allclose(alone[name].value, together[name].value, rtol=1e-5)
