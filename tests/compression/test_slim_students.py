"""Slimmer, pruned and clustered students learn again, and open on a phone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.compression.students import foreign, images, mobilenet, resnet8
from tf_lpdistill import Distiller, Preprocessing, data, models, tflite
from tf_lpdistill.compression import (
    as_logits,
    cluster,
    describe_kernels,
    low_rank,
    prune,
    prune_channels,
)
from tf_lpdistill.losses import LocalityPreserving, SoftTarget

PIXELS = Preprocessing((8, 8), color="grayscale", scaling="0..1")


@pytest.fixture(scope="module")
def lesson(digits):
    """A trained student, its training batches, and the objective of a teacher."""
    keras.utils.set_random_seed(1)
    training = tf.data.Dataset.from_tensor_slices((digits.train.images, digits.train.labels))
    batches = training.batch(50).map(lambda x, y: (PIXELS(x), y)).cache()
    trained = []
    for filters in ((16, 32, 32), (16, 16, 16)):
        model = models.digits_student(filters=filters)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(0.01), loss)
        model.fit(batches, epochs=6, verbose=0)
        trained.append(model)
    teacher, student = trained
    losses = [SoftTarget(temperature=4.0), LocalityPreserving("features", "features")]
    distiller = Distiller(teacher, student, losses, [0.1, 0.1])
    distiller.compile("adam", loss)
    return student, batches, distiller.objective


def accuracy(student, digits):
    batches = data.evaluation_batches(digits.test, PIXELS, 100)
    hits = [(np.argmax(student(x), -1) == y.numpy()).mean() for x, y in batches]
    return float(np.mean(hits))


@pytest.mark.parametrize(
    ("verb", "settings"),
    [
        (prune_channels, {"fraction": 0.5}),
        pytest.param(low_rank, {"energy": 0.6}, marks=pytest.mark.slow),
    ],
    ids=["prune_channels", "low_rank"],
)
def test_the_teacher_mends_what_was_cut(lesson, digits, verb, settings, tmp_path):
    student, batches, objective = lesson
    cut = verb(student, **settings)
    taught = verb(student, batches, objective, **settings, epochs=5, learning_rate=0.01, verbose=0)
    before, after, now = (accuracy(model, digits) for model in (student, cut, taught))
    assert before > 0.9 and after < before - 0.1 and now > before - 0.05
    assert taught.count_params() < 0.75 * student.count_params()
    bundle = tflite.export_bundle(
        taught,
        tmp_path / "phone",
        labels=[str(i) for i in range(10)],
        preprocessing=PIXELS,
        precisions=("float32", "int8"),
        representative_data=digits.train.images[:100],
    )
    found = tflite.verify(bundle, taught, (digits.test.images, digits.test.labels))
    assert found["float32"]["agreement"] == 1.0 and found["int8"]["agreement"] > 0.95
    assert found["float32"]["accuracy"] == pytest.approx(now)


@pytest.mark.slow
@pytest.mark.parametrize("build", [resnet8, mobilenet, foreign])
@pytest.mark.parametrize("verb", [prune_channels, low_rank])
def test_bundles_of_other_students(build, verb, tmp_path):
    student = build()
    small = verb(student)
    pixels = np.clip(images(student, 40) * 127.5 + 127.5, 0, 255).astype("uint8")
    process = Preprocessing(student.input_shape[1:3], scaling="-1..1")
    bundle = tflite.export_bundle(
        small,
        tmp_path / "phone",
        labels=["a", "b", "c", "d"],
        preprocessing=process,
        precisions=("float32", "int8"),
        representative_data=pixels,
    )
    labels = np.argmax(small(process(pixels)), -1)
    assert tflite.verify(bundle, small, (pixels, labels))["float32"]["agreement"] == 1.0
    whole = tflite.export_bundle(
        student, tmp_path / "whole", labels=["a", "b", "c", "d"], preprocessing=process,
        precisions=("float32",),
    )  # fmt: skip
    assert bundle.files["float32"].stat().st_size < whole.files["float32"].stat().st_size


@pytest.mark.slow
@pytest.mark.parametrize("build", [resnet8, mobilenet, foreign])
@pytest.mark.parametrize("verb", [prune, cluster])
def test_bundles_of_pruned_and_clustered_students(build, verb, tmp_path):
    """They keep their size, and their file computes what they do."""
    student = as_logits(build())
    pixels = np.clip(images(student, 40) * 127.5 + 127.5, 0, 255).astype("uint8")
    process = Preprocessing(student.input_shape[1:3], scaling="-1..1")
    batch = tf.data.Dataset.from_tensors((process(pixels), np.arange(40) % 4))
    changed = verb(student, batch, epochs=1, verbose=0)
    bundle = tflite.export_bundle(
        changed, tmp_path / "phone", labels=["a", "b", "c", "d"], preprocessing=process,
        precisions=("float32",),
    )  # fmt: skip
    labels = np.argmax(changed(process(pixels)), -1)
    assert tflite.verify(bundle, changed, (pixels, labels))["float32"]["agreement"] == 1.0
    facts = [describe_kernels(model) for model in (student, changed)]
    assert facts[0]["parameters"] == facts[1]["parameters"]
    assert facts[1]["values"] < facts[0]["values"]
