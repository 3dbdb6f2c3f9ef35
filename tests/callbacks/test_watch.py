"""Watch, through `fit` of real distillers."""

import math
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.small import CROSS_ENTROPY, batch, compiled, lp, network
from tf_lpdistill import Distiller, Preprocessing, TeacherCache, data, metrics, models, taps
from tf_lpdistill.callbacks import Watch
from tf_lpdistill.callbacks.watch import first_broken_layer
from tf_lpdistill.guidance.gradients import Gradient
from tf_lpdistill.losses import Hint, SoftTarget
from tf_lpdistill.losses.base import Loss

PARTS = ("student_loss", "soft_target", "locality_preserving")


def pair(**settings):
    keras.utils.set_random_seed(1)
    return network(8, name="teacher"), network(**settings)


def distill(teacher, student, weights=(0.5, 2.0), **settings):
    return compiled(Distiller(teacher, student, [SoftTarget(), lp()], list(weights), **settings))


def probe(samples=16):
    return [batch(samples)]


def quietly(distiller, watch, x=None, y=None, **settings):
    """The history of a `fit`; alarms are not what these tests are about."""
    x, y = batch(32, seed=5) if x is None else (x, y)
    settings = {"batch_size": 8, "shuffle": False, "verbose": 0, "epochs": 3} | settings
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The term|The student's")
        return distiller.fit(x, y, callbacks=[watch] if watch else [], **settings).history


def test_what_it_logs_is_what_a_loop_computes():
    teacher, student = pair()
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([4], [0.5, 0.25])
    distiller = distill(teacher, student, (schedule, 2.0))
    logs = {name: values[-1] for name, values in quietly(distiller, Watch(probe())).items()}

    (x, y), norms = probe()[0], {}
    weights = {"student_loss": 1.0, "soft_target": 0.25, "locality_preserving": 2.0}
    terms = {term.name: term for term in distiller.wiring.terms}
    for name in PARTS:
        with tf.GradientTape() as tape:
            outputs = taps.Tap(student, ["hidden"])(x)
            if name == "student_loss":
                value = CROSS_ENTROPY(y, outputs[0])
            else:
                value = terms[name].value(taps.Tap(teacher, ["hidden"])(x), outputs, y=y)
        found = tape.gradient(value, student.trainable_variables)
        squares = [float(tf.reduce_sum(g**2)) for g in found if g is not None]
        norms[name] = weights[name] * np.sqrt(sum(squares))
    for name in PARTS:
        assert logs[f"weight/{name}"] == pytest.approx(weights[name])
        assert logs[f"share/{name}"] == pytest.approx(norms[name] / sum(norms.values()), rel=1e-4)
    features = [np.asarray(taps.Tap(m, ["hidden"])(x)[1]["hidden"]) for m in (teacher, student)]
    assert logs["neighbor_overlap"] == metrics.neighborhood_overlap(*features, 10)
    assert logs["effective_rank"] == pytest.approx(metrics.effective_rank(features[1]))
    assert logs["student_norm"] == pytest.approx(np.linalg.norm(features[1], axis=1).mean())
    centred = features[1] - features[1].mean(axis=0)
    assert logs["student_spread"] == pytest.approx(np.sqrt((centred**2).sum(axis=1).mean()))


def test_the_training_is_the_same_with_it_and_without():
    trained = []
    for watch in (Watch(probe()), None):
        distiller = distill(*pair(dropout=0.5, norm=True))
        quietly(distiller, watch)
        trained.append(distiller.get_weights())
    for with_it, without in zip(*trained, strict=True):
        np.testing.assert_array_equal(with_it, without)


def test_several_steps_an_execution_log_the_same():
    histories = []
    for steps in (1, 2):
        distiller = Distiller(*pair(norm=True), [SoftTarget(), lp()], [0.5, 2.0])
        distiller.compile(keras.optimizers.SGD(0.1), CROSS_ENTROPY, steps_per_execution=steps)
        histories.append(quietly(distiller, Watch(probe())))
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=1e-4, err_msg=name)


@pytest.mark.slow
def test_replicas_log_what_one_device_logs(mirrored):
    alone = quietly(distill(*pair()), Watch(probe()), epochs=1)
    with mirrored.scope():
        distiller = distill(*pair())
    shared = quietly(distiller, Watch(probe()), epochs=1)
    for name, values in alone.items():
        np.testing.assert_allclose(shared[name], values, rtol=1e-3, err_msg=name)


def test_a_cache_is_watched_as_the_teacher_is(tmp_path):
    x, y = batch(32, seed=5)
    dataset = data.with_sample_ids(tf.data.Dataset.from_tensor_slices((x, y))).batch(8)
    teacher = network(8, name="teacher")
    cache = TeacherCache.build(teacher, dataset, tmp_path / "cache", ["hidden"], dtype="float32")
    logs = []
    for source, batches in ((teacher, dataset), (cache, cache.attach(dataset))):
        distiller = distill(source, pair()[1])
        logs.append(quietly(distiller, Watch(batches), batches, batch_size=None))
    for name in ("share/soft_target", "neighbor_overlap", "student_spread"):
        np.testing.assert_allclose(logs[0][name], logs[1][name], rtol=1e-4)


@pytest.mark.parametrize(("frequency", "looks"), [(2, 1), ([1, 3], 2)])
def test_it_looks_when_it_is_due(frequency, looks):
    history = quietly(distill(*pair()), Watch(probe(), frequency=frequency))
    assert len(history["student_norm"]) == looks and len(history["loss"]) == 3


def test_without_a_named_layer_the_one_before_the_output_is_watched():
    teacher, student = pair()
    plain = compiled(Distiller(teacher, student, SoftTarget()))
    found = quietly(plain, Watch(probe()), epochs=1)
    features = [
        np.asarray(taps.Tap(m, ["hidden"])(probe()[0][0])[1]["hidden"]) for m in (teacher, student)
    ]
    assert found["effective_rank"][-1] == pytest.approx(metrics.effective_rank(features[1]))
    assert found["neighbor_overlap"][-1] == metrics.neighborhood_overlap(*features, 10)


def test_layers_may_be_named():
    teacher, student = pair()
    layers = {"teacher_layer_name": "logits", "student_layer_name": "logits"}
    found = quietly(distill(teacher, student), Watch(probe(), **layers), epochs=1)
    outputs = [np.asarray(model(probe()[0][0])) for model in (teacher, student)]
    assert found["neighbor_overlap"][-1] == metrics.neighborhood_overlap(*outputs, 10)
    with pytest.raises(ValueError, match="has no feature named 'hiden'"):
        quietly(distill(teacher, student), Watch(probe(), student_layer_name="hiden"))


def test_a_callback_behind_it_finds_its_logs():
    stop = keras.callbacks.EarlyStopping("neighbor_overlap", mode="max", patience=0)
    distiller = distill(*pair())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The term|The student's")
        history = distiller.fit(
            *batch(), epochs=50, verbose=0, callbacks=[Watch(probe()), stop]
        ).history
    assert len(history["loss"]) < 50


def test_a_locality_preserving_loss_alone_collapses_and_is_told_once(digits):
    """On real digits: nothing but the loss between samples is left, at a weight far too large."""
    pixels = Preprocessing((8, 8), color="grayscale", scaling="0..1")
    train = data.training_batches(digits.train.subset(200), pixels, 100, seed=0)
    loss = lp(num_neighbors=5)
    loss.teacher_layer_name = loss.student_layer_name = "features"
    distiller = Distiller(models.digits_teacher(), models.digits_student(), [loss], [100.0], 0.0)
    distiller.compile(keras.optimizers.Adam(0.02))
    watch = Watch(data.evaluation_batches(digits.validation, pixels, 100), frequency=8)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        distiller.fit(
            train, steps_per_epoch=5, epochs=24, callbacks=[watch], verbose=0, shuffle=False
        )
    texts = [str(warning.message) for warning in caught if "The student's" in str(warning.message)]
    assert sum("features in 'features' have collapsed: they lie" in text for text in texts) == 1
    assert sum("shrink: their distance from their mean fell" in text for text in texts) == 1


def test_shares_are_alarming_once_each():
    distiller = distill(*pair(), weights=(1e-5, 1e4))
    with pytest.warns(UserWarning) as caught:
        distiller.fit(*batch(), epochs=2, verbose=0, callbacks=[Watch(probe())])
    texts = [str(warning.message) for warning in caught if "The term" in str(warning.message)]
    assert sum("'locality_preserving' (weight 1e+04) has 100% of" in text for text in texts) == 1
    assert sum("'soft_target' (weight 1e-05) has 0.0% of" in text for text in texts) == 1


@pytest.mark.parametrize(
    ("norms_of_labels", "told_of"),
    [
        ((5.0, 2.0, 0.001), set()),
        ((0.001, 5.0, 5.0), set()),
        ((math.nan, 0.001, 0.001), {"student_loss", "soft_target"}),
        ((0.001, 0.001, 0.001), {"student_loss", "soft_target"}),
    ],
    ids=["learnt", "late", "broken at first", "drowned"],
)
def test_a_term_that_has_been_learnt_is_not_drowned(monkeypatch, norms_of_labels, told_of):
    told, looks = [], iter(norms_of_labels)

    def scripted(distiller):
        return lambda batch: {
            "student_loss": Gradient(1.0, next(looks)),
            "soft_target": Gradient(1.0, 5.0),
        }

    monkeypatch.setattr("tf_lpdistill.callbacks.watch.part_gradients", scripted)
    teacher, student = pair()
    distiller = compiled(Distiller(teacher, student, [SoftTarget()]))
    history = distiller.fit(
        *batch(), epochs=2, verbose=0, callbacks=[Watch(probe(), alarm=told.append)]
    ).history
    assert (history["share/student_loss"][-1] < 0.01) == (norms_of_labels[-1] < 1)
    assert {text.split("'")[1] for text in told if "The term" in text} == told_of


def test_alarms_go_where_they_are_wanted():
    told = []
    distiller = distill(*pair(), weights=(0.5, 1e4))
    quietly(distiller, Watch(probe(), alarm=told.append))
    assert sum("'locality_preserving' (weight 1e+04)" in text for text in told) == 1


@keras.saving.register_keras_serializable(package="tests")
class BreaksAtStep(Loss):
    """0 until the third step, then NaN."""

    def compute_loss(self, teacher_outputs, student_outputs, y=None, sample_weight=None, step=None):
        broken = tf.where(step < 2, 0.0, float("nan"))
        return tf.reduce_mean(student_outputs) * broken


def test_a_value_that_is_not_finite_is_told_with_term_layer_and_step():
    teacher, student = pair()
    losses = [
        SoftTarget(),
        BreaksAtStep("logits", "hidden"),
        Hint("hidden", "hidden", regressor="dense"),
    ]
    distiller = compiled(Distiller(teacher, student, losses))
    with pytest.warns(UserWarning, match="NaN or infinity") as caught:
        # Two steps an epoch: the third step is the first batch of the second epoch.
        distiller.fit(
            *batch(16), batch_size=8, epochs=3, verbose=0, callbacks=[Watch(probe(), frequency=9)]
        )
    (text,) = [str(one.message) for one in caught if one.category is UserWarning]
    start = (
        "NaN or infinity in 'breaks_at_step' between 'logits' and 'hidden', in epoch 2, batch 1."
    )
    assert text.startswith(start)
    assert "The first layer of the student that holds such weights is 'hidden'" in text


def test_the_first_broken_layer_is_found_in_nested_models():
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="deep")], name="inner")
    model = keras.Sequential([keras.Input((3,)), inner, keras.layers.Dense(2)])
    assert first_broken_layer(model) is None
    inner.get_layer("deep").bias.assign([0.0, float("inf")])
    assert first_broken_layer(model) == "inner/deep"


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"frequency": 0}, "frequency=0"), ({"num_neighbors": 0}, "num_neighbors=0")],
)
def test_numbers_below_one_are_refused(settings, message):
    with pytest.raises(ValueError, match=f"must be 1 or more. Received: .*{message}"):
        Watch(probe(), **settings)


def test_another_model_is_refused():
    model = network()
    model.compile("sgd", CROSS_ENTROPY)
    with pytest.raises(ValueError, match="`Watch` looks at a tf_lpdistill.Distiller. Receiv"):
        model.fit(*batch(), verbose=0, callbacks=[Watch(probe())])
