"""Ten wrong wirings of a really trained teacher, each told the right thing; and a right one."""

import re

import keras
import numpy as np
import pytest
from keras import layers

from tests.guidance.wiring import batches, ending, lp, wire
from tf_lpdistill import Distiller, guidance, models
from tf_lpdistill.losses import DecoupledSoftTarget, SoftTarget


def told(distiller, dataset):
    """{name: finding} of the problems."""
    problems = guidance.check(distiller, dataset).problems
    assert all(found.what and found.why for found in problems)
    assert len({found.name for found in problems}) == len(problems), problems
    return {found.name: found for found in problems}


def only(problems, name):
    """The one finding there is: nothing else may confuse the newcomer."""
    assert list(problems) == [name]
    return problems[name]


def test_a_right_wiring(teacher, student, train):
    found = guidance.check(wire(teacher, student), train)
    assert found.problems == []
    assert [note.name for note in found] == ["teacher_score", "memory"]
    assert str(found).startswith("No problem found.\nnote (teacher_score): The teacher is right on")


def test_1_roles_swapped(teacher, student, train):
    found = only(told(wire(student, teacher), train), "roles_swapped")
    assert "The student has 141,098 parameters, the teacher 3,858" in found.what
    assert "the large trained model first" in found.way_out


def test_1_a_student_that_knows_more(teacher, train):
    rival = models.digits_teacher()
    found = only(told(wire(rival, teacher), train), "roles_swapped")
    assert "The student is right on" in found.what and "Are the roles swapped?" in found.what


def test_2_softmax_twice_in_the_teacher(teacher, student, train):
    distiller = wire(ending(teacher, layers.Softmax()), student, [SoftTarget()])
    found = only(told(distiller, train), "softmax_twice")
    assert "soft_target takes logits" in found.what and "the teacher it compares" in found.what
    assert found.severity == "error" and "the layer before the softmax" in found.way_out


@pytest.mark.filterwarnings("ignore:.*received `from_logits=True`:UserWarning")  # Keras sees it too
def test_2_softmax_twice_in_the_student(teacher, student, train):
    distiller = wire(teacher, ending(student, layers.Softmax()), [lp(student_layer=None)])
    found = only(told(distiller, train), "softmax_twice")
    assert "(from_logits=True)" in found.what and "no softmax" in found.way_out


@pytest.mark.parametrize(
    "loss",
    ["sparse_categorical_crossentropy", keras.losses.SparseCategoricalCrossentropy()],
    ids=["string", "object"],
)
def test_3_softmax_missing(teacher, student, train, loss):
    found = only(told(wire(teacher, student, loss=loss), train), "softmax_missing")
    assert "takes them for probabilities" in found.what and "from_logits=True" in found.way_out


def test_3_softmax_where_it_is_wanted(teacher, student, train):
    logits = ending(student, layers.Softmax())
    losses = [DecoupledSoftTarget(None, f"{student.name}/logits")]
    assert told(wire(teacher, logits, losses, "sparse_categorical_crossentropy"), train) == {}


@pytest.mark.parametrize("scaling", ["0..255", "-1..1", "mean_std"])
def test_4_wrong_scaling(teacher, student, digits, scaling):
    if scaling == "mean_std":
        train = batches(digits.train, "0..1").map(lambda x, y: ((x - 0.3) / 0.4, y))
    else:
        train = batches(digits.train, scaling)
    found = only(told(wire(teacher, student), train), "input_scaling")
    assert "with the pixels scaled 0..1" in found.what and "models.adapted" in found.way_out


def test_4_a_teacher_of_pixels(teacher, student, train):
    pixels = keras.Sequential([keras.Input((8, 8, 1)), layers.Rescaling(1 / 255), teacher])
    found = only(told(wire(pixels, student, [SoftTarget()]), train), "input_scaling")
    assert "with the pixels scaled 0..255" in found.what


class Careless(keras.Model):
    """Calls what it wraps in training mode, whatever it is told."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def call(self, inputs, training=None):
        return self.model(inputs, training=True)


def without_dropout(teacher):
    def plain(layer):
        config = layer.get_config()
        zero = {"rate": 0.0} if isinstance(layer, layers.Dropout) else {}
        return type(layer).from_config(config | zero)

    copy = keras.models.clone_model(teacher, clone_function=plain)
    copy.set_weights(teacher.get_weights())
    return copy


def test_5_batch_norm_in_training_mode(teacher, student, train):
    distiller = wire(Careless(without_dropout(teacher)), student, [SoftTarget()])
    found = only(told(distiller, train), "teacher_depends_on_batch")
    assert "BatchNormalization in training mode" in found.why
    assert "training=True" in found.way_out


def test_5_dropout_in_training_mode(teacher, student, train):
    found = only(told(wire(Careless(teacher), student, [SoftTarget()]), train), "teacher_random")
    assert "two calls" in found.what and "Dropout" in found.why


def test_6_wrong_layer(teacher, student, train):
    distiller = wire(teacher, student, [lp("relu1")])
    found = only(told(distiller, train), "wrong_layer")
    assert "in the teacher's 'relu1'" in found.what and "by chance 10%" in found.what
    assert "Name 'features' as `teacher_layer_name`" in found.way_out


def test_6_an_early_layer_is_right_where_samples_are_not_compared(teacher, student, train):
    from tf_lpdistill.losses import Hint

    assert told(wire(teacher, student, [Hint("relu1", "relu1")]), train) == {}


def test_7_k_too_large(teacher, student, train):
    found = only(told(wire(teacher, student, [lp(num_neighbors=60)]), train), "too_many_neighbors")
    assert re.search("num_neighbors=60, and a batch of 100 holds (9|10) others a class", found.what)
    assert found.severity == "warning" and "num_neighbors=5 (at most" in found.way_out


def test_7_k_as_large_as_the_batch(teacher, student, train):
    found = only(told(wire(teacher, student, [lp(num_neighbors=100)]), train), "too_many_neighbors")
    assert found.severity == "error" and "a batch holds 100 images" in found.what


def test_8_constant_feature_of_the_teacher(teacher, student, train):
    """The mean of probabilities over the classes, where that over the images was meant."""
    probabilities = layers.Softmax(name="probabilities")(teacher.output)
    mean = layers.AveragePooling1D(10, name="mean")(layers.Reshape((10, 1))(probabilities))
    whole = keras.Model(teacher.input, {"logits": teacher.output, "mean": mean})
    found = only(told(wire(whole, student, [lp("mean")]), train), "constant_feature")
    assert "the teacher's feature 'mean' is the same for all 100 images" in found.what


def test_8_constant_feature_of_the_student(teacher, student, train):
    student.get_layer("norm3").set_weights(
        [np.zeros(16), -np.ones(16), np.zeros(16), np.ones(16)]
    )  # the ReLUs behind it are dead
    problems = told(wire(teacher, student, [lp()]), train)
    assert set(problems) == {"constant_feature", "no_gradient"}
    assert "the student's feature 'features'" in problems["constant_feature"].what


@pytest.mark.parametrize("shift", [1, -1])
def test_9_labels_shifted(teacher, student, train, shift):
    wrong = train.map(lambda x, y: (x, (y + shift) % 10))
    found = only(told(wire(teacher, student), wrong), "labels_shifted")
    assert f"with every label {'-' if shift > 0 else '+'} 1" in found.what
    assert "Number the classes 0 to 9" in found.way_out


def test_9_labels_from_1_to_10(teacher, student, train):
    found = told(wire(teacher, student), train.map(lambda x, y: (x, y + 1)))["labels_shifted"]
    assert "the labels go from 1 to 10" in found.what


def test_10_teacher_not_trained(student, train):
    found = only(told(wire(models.digits_teacher(), student), train), "teacher_untrained")
    assert "one that always names the commonest class" in found.what
    assert "load its weights" in found.way_out


def test_a_distiller_that_is_not_compiled(teacher, student, train):
    found = guidance.check(Distiller(teacher, student, [SoftTarget()]), train)
    assert found.problems == [] and "not_compiled" in [note.name for note in found]
