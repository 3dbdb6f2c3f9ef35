"""The objective: the total of a training step, for other loops than `fit`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.small import batch, compiled, lp, network
from tf_lpdistill import Distiller, TeacherCache, data
from tf_lpdistill.losses import Hint, SoftTarget
from tf_lpdistill.taps import Tap


def regularised(**settings):
    student = network(norm=True, kernel_regularizer=keras.regularizers.L2(0.1))
    losses = [SoftTarget(), lp(), Hint("hidden", "hidden")]
    return Distiller(network(8), student, losses, [0.5, 2.0, 0.1], **settings)


def objective_of(distiller, x, y, sample_weight=None):
    objective = distiller.objective
    student_features = Tap(distiller.student, objective.layer_names)(x, training=True)
    return objective(x, y, student_features, sample_weight)


@pytest.mark.parametrize("weights", [None, np.linspace(0, 1, 16).astype("float32")])
def test_it_is_the_total_of_a_step_without_the_regularisers(weights):
    x, y = batch()
    distiller = compiled(regularised(student_loss_weight=0.7))
    found = objective_of(distiller, x, y, weights)
    regulariser = float(sum(distiller.student.losses))
    logs = distiller.train_on_batch(x, y, weights, return_dict=True)
    assert found.dtype == "float32" and found.shape == () and regulariser > 0.01
    np.testing.assert_allclose(found, logs["loss"] - 0.7 * regulariser, rtol=1e-5)


def test_its_gradient_reaches_the_student_alone():
    x, y = batch()
    distiller = compiled(regularised())
    student, teacher = distiller.student, distiller.teacher
    with tf.GradientTape() as tape:
        value = objective_of(distiller, x, y)
    gradients = tape.gradient(
        value, [student.get_layer("hidden").kernel.value, teacher.get_layer("hidden").kernel.value]
    )
    assert float(tf.norm(gradients[0])) > 1e-3 and gradients[1] is None


def test_it_takes_the_teacher_from_an_attached_cache(tmp_path):
    x, y = batch()
    teacher, student = network(8), network()
    samples = data.with_sample_ids(tf.data.Dataset.from_tensor_slices((x, y))).batch(16)
    cache = TeacherCache.build(
        teacher, samples, tmp_path / "cache", layer_names=["hidden"], dtype="float32"
    )
    (packed, labels), values = next(iter(cache.attach(samples))), []
    for source, inputs in ((teacher, x), (cache, packed)):
        distiller = compiled(Distiller(source, student, [SoftTarget(), lp()]))
        features = Tap(student, ["hidden"])(x)
        values.append(float(distiller.objective(inputs, labels, features)))
    np.testing.assert_allclose(values[1], values[0], rtol=1e-6)


def test_a_teacher_alone_needs_no_labels():
    distiller = Distiller(network(8), network(), SoftTarget(), student_loss_weight=0.0)
    distiller.compile("sgd")
    assert distiller.objective.layer_names == ()
    assert float(objective_of(distiller, batch()[0], None)) > 1e-4


def test_what_is_missing_is_named():
    x, y = batch()
    distiller = Distiller(network(8), network(), lp())
    with pytest.raises(RuntimeError, match="not compiled. Call distiller.compile"):
        distiller.objective  # noqa: B018
    objective = compiled(distiller).objective
    assert objective.layer_names == ("hidden",)
    with pytest.raises(ValueError, match=r"Received: \[\] without \['hidden'\]"):
        objective(x, y, (distiller.student(x), {}))
    with pytest.raises(ValueError, match="needs labels. Received: y=None"):
        objective_of(distiller, x, None)


def test_it_is_not_saved(tmp_path):
    distiller = compiled(regularised())
    distiller.fit(*batch(), verbose=0)
    distiller.save(tmp_path / "distiller.keras")
    loaded = keras.saving.load_model(tmp_path / "distiller.keras")
    with pytest.raises(RuntimeError, match="loaded without its teacher"):
        loaded.objective  # noqa: B018
    whole = Distiller.load(tmp_path / "distiller.keras", teacher=distiller.teacher)
    x, y = batch(seed=1)
    np.testing.assert_allclose(objective_of(whole, x, y), objective_of(distiller, x, y), rtol=1e-6)
