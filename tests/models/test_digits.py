import keras
import numpy as np
import pytest

from tf_lpdistill import data
from tf_lpdistill.models import digits_student, digits_teacher
from tf_lpdistill.preprocessing import Preprocessing

FORM = Preprocessing((8, 8), "grayscale", "0..1")


@pytest.mark.parametrize(
    ("make", "parameters", "width"), [(digits_teacher, 141_098, 128), (digits_student, 3_858, 16)]
)
def test_form(make, parameters, width):
    model = make()
    assert model.count_params() == parameters
    assert model.input_shape == (None, 8, 8, 1) and model.output_shape == (None, 10)
    assert model.get_layer("features").output.shape == (None, width)
    assert model.layers[-1].name == "logits"
    assert model.layers[-1].activation is keras.activations.linear
    assert make(num_classes=3).output_shape == (None, 3)


@pytest.mark.parametrize("make", [digits_teacher, digits_student])
def test_the_global_seed_fixes_the_weights(make):
    models = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        models.append(make().get_weights())
    for first, second in zip(models[0], models[1], strict=True):
        np.testing.assert_array_equal(first, second)
    assert (models[0][0] != models[2][0]).any()


def test_wider_students():
    # 9 * (1*4 + 4*8 + 8*12) weights, 4 numbers for each normalised channel, and the logits.
    expected = 9 * (4 + 32 + 96) + 4 * (4 + 8 + 12) + 12 * 10 + 10
    assert digits_student(filters=(4, 8, 12)).count_params() == expected


def test_wrong_arguments():
    for make in (digits_student, digits_teacher):
        with pytest.raises(ValueError, match="`num_classes` must be >= 2. Received: num_classes=1"):
            make(1)
    for filters in ((8, 16), (8, 0, 16)):
        with pytest.raises(ValueError, match="three positive integers. Received: filters="):
            digits_student(filters=filters)


def _accuracy(model, digits, split, epochs, rate):
    steps = data.steps_per_epoch(split, 50)
    schedule = keras.optimizers.schedules.CosineDecay(rate, epochs * steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(schedule), loss, metrics=["accuracy"])
    batches = data.training_batches(split, FORM, 50, seed=0)
    model.fit(batches, epochs=epochs, steps_per_epoch=steps, verbose=0)
    return model.evaluate(data.evaluation_batches(digits.test, FORM, 250), verbose=0)[1]


@pytest.mark.slow
def test_the_student_learns_from_few_labels(digits):
    # 0.84 on average over three subsets of 100 labels and 100 epochs, 0.80 the worst of them.
    accuracy = _accuracy(digits_student(), digits, digits.train.subset(100), 100, 1e-2)
    assert 0.70 <= accuracy <= 0.95


@pytest.mark.slow
def test_the_teacher_reaches_98_percent(digits):
    assert _accuracy(digits_teacher(), digits, digits.train, 15, 2e-3) >= 0.98
