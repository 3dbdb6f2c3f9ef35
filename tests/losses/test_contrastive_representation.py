"""CRD against a slow float64 loop: value, gradient, and what the bank remembers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill import Distiller, Preprocessing, data
from tf_lpdistill.losses import ContrastiveRepresentation
from tf_lpdistill.ops import draw_indices

SAMPLES = 32


def make(**settings):
    settings = {"num_samples": SAMPLES, "embedding_dim": 4, "num_negatives": 20} | settings
    return ContrastiveRepresentation("features", "features", **settings)


EXAMPLES = [make, lambda: make(num_negatives=200, temperature=0.5, momentum=0.0)]


def unit(vector):
    return vector / np.linalg.norm(vector)


class Reference:
    """The loss as a loop over samples and draws, in float64."""

    def __init__(self, loss):
        self.loss = loss
        weights = [np.asarray(weight, "float64") for weight in loss.get_weights()]
        trained, kept = loss.trainable_weights, loss.non_trainable_weights
        values = {id(w): v for w, v in zip(loss.weights, weights, strict=True)}
        self.maps = [values[id(w)] for w in trained]  # kernel, bias; teacher first
        self.banks = [values[id(w)].copy() for w in kept[:2]]
        self.classes = values[id(kept[2])].copy()
        self.log_z = None

    def embed(self, features):
        kernels, biases = self.maps[0::2], self.maps[1::2]
        return [
            [unit(row.reshape(-1) @ kernel + bias) for row in np.asarray(side, "float64")]
            for side, kernel, bias in zip(features, kernels, biases, strict=True)
        ]

    def step(self, teacher, student, ids, labels, step, weights=None):
        """The value; moves the bank."""
        loss, tau = self.loss, self.loss.temperature
        weights = np.ones(len(ids)) if weights is None else weights
        drawn = draw_indices(loss.num_negatives, loss.num_samples, loss.seed, step).numpy()
        anchors = self.embed((teacher, student))
        sides = list(zip(anchors, self.banks[::-1], strict=True))
        if self.log_z is None:
            self.log_z = []
            for anchor, bank in sides:
                entries = [
                    np.exp(row @ bank[j] / tau)
                    for row, i, weight in zip(anchor, ids, weights, strict=True)
                    for j in (i, *drawn)
                    if weight > 0
                ]
                self.log_z.append(np.log(np.mean(entries) * loss.num_samples))
        value = 0.0
        for (anchor, bank), log_z in zip(sides, self.log_z, strict=True):
            noise = np.exp(log_z) * loss.num_negatives / loss.num_samples
            for row, i, label, weight in zip(anchor, ids, labels, weights, strict=True):
                positive = np.exp(row @ bank[i] / tau)
                term = -np.log(positive / (positive + noise))
                missed = []
                for j in drawn:
                    if j != i and self.classes[j] != label:
                        other = np.exp(row @ bank[j] / tau)
                        missed.append(-np.log(noise / (other + noise)))
                term += loss.num_negatives * np.mean(missed) if missed else 0.0
                value += weight * term / len(ids)
        for anchor, bank in zip(anchors, self.banks, strict=True):
            for row, i, weight in zip(anchor, ids, weights, strict=True):
                if weight > 0:
                    bank[i] = unit(loss.momentum * bank[i] + (1.0 - loss.momentum) * row)
        self.classes[ids] = labels
        return value


def features(batch=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(batch, 3, 2)), rng.normal(size=(batch, 5))


def built(make=make):
    keras.utils.set_random_seed(0)  # the same embeddings every time
    loss = make()
    loss.ensure_built((None, 3, 2), (None, 5))
    return loss


@pytest.mark.parametrize("make", EXAMPLES)
@pytest.mark.parametrize("weighted", [False, True])
def test_values_and_bank_over_several_steps_equal_the_loop(make, weighted):
    loss = built(make)
    reference = Reference(loss)
    rng = np.random.default_rng(1)
    weight = np.array([0.0, 2.0, 1.0, 0.5, 1.0, 1.0]) if weighted else None
    for step in range(5):
        ids = rng.choice(SAMPLES, 6, replace=False)
        labels, (teacher, student) = ids % 3, features(seed=step)
        value = loss.compute_loss(
            *(f.astype("float32") for f in (teacher, student)),
            y=labels, sample_weight=weight, sample_id=ids, step=step,
        )  # fmt: skip
        expected = reference.step(teacher, student, ids, labels, step, weight)
        np.testing.assert_allclose(value, expected, rtol=2e-5)
    for bank, expected in zip(loss.non_trainable_weights, reference.banks, strict=False):
        np.testing.assert_allclose(bank, expected, atol=1e-5)


def test_the_gradient_is_that_of_the_loop():
    loss = built(lambda: make(temperature=0.3))
    teacher, student = features()
    ids, labels = np.arange(6) * 3, np.arange(6) % 2
    reference = Reference(loss)
    reference.step(teacher, student, ids, labels, 0)  # sets Z, which has no gradient
    loss.compute_loss(
        teacher.astype("float32"), student.astype("float32"), y=labels, sample_id=ids, step=0
    )
    saved = [bank.copy() for bank in reference.banks]

    def value(student):
        reference.banks = [bank.copy() for bank in saved]
        return reference.step(teacher, student, ids, labels, 1)

    expected = np.zeros_like(student)
    for index in np.ndindex(*student.shape):
        nudge = np.zeros_like(student)
        nudge[index] = 1e-5
        expected[index] = (value(student + nudge) - value(student - nudge)) / 2e-5
    tensor = tf.constant(student.astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        result = loss.compute_loss(
            teacher.astype("float32"), tensor, y=labels, sample_id=ids, step=1
        )
    np.testing.assert_allclose(tape.gradient(result, tensor), expected, rtol=2e-3, atol=1e-4)


def test_a_value_by_hand():
    """One sample, one other in the bank, everything at right angles or equal; Z by hand."""
    loss = ContrastiveRepresentation(
        num_samples=2, embedding_dim=2, num_negatives=1, temperature=1.0
    )
    loss.ensure_built((None, 2), (None, 2))
    step = next(s for s in range(20) if int(draw_indices(1, 2, 0, s)[0]) == 1)
    eye = np.eye(2, dtype="float32")
    for embedding in loss.embeddings:
        embedding.set_weights([eye, np.zeros(2, "float32")])
    for bank in loss.banks:
        bank.assign(eye)
    value = loss.compute_loss(eye[:1], eye[:1], sample_id=np.array([0]), step=step)
    # Similarities: 1 with itself, 0 with the other. Z = 2 (e + 1) / 2, so Z N / M = (e + 1) / 2.
    noise = (np.e + 1.0) / 2.0
    side = -np.log(np.e / (np.e + noise)) - np.log(noise / (1.0 + noise))
    np.testing.assert_allclose(value, 2.0 * side, rtol=1e-6)


def test_the_banks_depend_on_the_seed_and_start_apart():
    (one, other), (again, _), (third, _) = (
        built(lambda s=s: make(seed=s)).banks for s in (0, 0, 7)
    )
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.1 and np.abs(one - third).max() > 0.1


def test_without_labels_only_the_sample_itself_is_no_negative():
    teacher, student = (f.astype("float32") for f in features())
    given = {"sample_id": np.arange(6), "step": 0}
    plain = built().compute_loss(teacher, student, **given)
    loss = built()
    own_class = loss.compute_loss(teacher, student, y=np.arange(6), **given)
    np.testing.assert_allclose(plain, own_class, rtol=1e-6)


def test_labels_may_be_one_hot():
    teacher, student = (f.astype("float32") for f in features())
    values = []
    for labels in (np.arange(6) % 3, (np.arange(6) % 3)[:, None], np.eye(3)[np.arange(6) % 3]):
        loss = built()
        for step in range(2):
            value = loss.compute_loss(teacher, student, y=labels, sample_id=np.arange(6), step=step)
        values.append(float(value))
    assert values[0] == values[1] == values[2]


def network(name):
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(12, "relu", name="features"),
            keras.layers.Dense(10),
        ],
        name=name,
    )


def compiled(teacher, digits_train, weight=0.05):
    loss = make(num_samples=len(digits_train), num_negatives=64)
    distiller = Distiller(teacher, network("student"), loss, weight)
    distiller.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return distiller


@pytest.fixture
def real_batches(digits):
    train = digits.train.subset(200)
    pixels = Preprocessing((8, 8), color="grayscale", scaling="0..1")

    def batches(epoch=0):
        return data.training_batches(
            train, pixels, 50, seed=0, initial_epoch=epoch, sample_ids=True
        )

    return train, batches


def test_on_real_digits_it_falls_and_resumes_bit_for_bit(real_batches, tmp_path):
    train, batches = real_batches
    teacher = network("teacher")
    distiller = compiled(teacher, train)
    first = distiller.fit(batches(), steps_per_epoch=4, epochs=6, shuffle=False, verbose=0).history
    values = first["contrastive_representation"]
    assert np.isfinite(values).all() and values[-1] < 0.95 * values[0]
    distiller.save(tmp_path / "distiller.keras")
    again = Distiller.load(tmp_path / "distiller.keras", teacher=teacher)
    fits = [
        d.fit(batches(6), steps_per_epoch=4, epochs=7, initial_epoch=6, shuffle=False, verbose=0)
        for d in (distiller, again)
    ]
    assert fits[0].history == fits[1].history
    for one, other in zip(distiller.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "way",
    ["two replicas", {"jit_compile": True}, {"run_eagerly": True}, {"steps_per_execution": 3}],
)
def test_ways_of_running_agree(real_batches, mirrored, way):
    (train, batches), teacher, results = real_batches, network("teacher"), []
    for chosen in ({}, way):
        strategy, settings = tf.distribute.get_strategy(), chosen
        if chosen == "two replicas":
            strategy, settings = mirrored, {}
        keras.utils.set_random_seed(3)
        with strategy.scope():
            distiller = compiled(teacher, train)
            distiller.compile(keras.optimizers.SGD(0.1), loss=distiller.loss, **settings)
        fit = distiller.fit(batches(), steps_per_epoch=6, shuffle=False, verbose=0)
        results.append((fit.history, distiller.get_weights()))
    (expected, weights), (history, others) = results
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-5)
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_labels_that_are_no_classes_are_refused_before_training():
    teacher, student = features()
    y = {"first": np.arange(6), "second": np.arange(6)}
    with pytest.raises(ValueError, match="labels must be classes.*Received: y=dict"):
        make().validate_outputs(teacher, student, y=y, sample_id=np.arange(6))


def test_sample_ids_are_needed_and_must_fit(real_batches):
    train, batches = real_batches
    distiller = compiled(network("teacher"), train)
    plain = batches().map(lambda x, y: (x["inputs"], y))
    with pytest.raises(ValueError, match=r"sample_ids=True.*Received: sample_id=None"):
        distiller.fit(plain, steps_per_epoch=4, shuffle=False, verbose=0)
    shifted = batches().map(lambda x, y: (x | {"sample_id": x["sample_id"] + 150}, y))
    with pytest.raises(ValueError, match=r"must lie in 0\.\.199.*num_samples=200, ids from 1\d\d"):
        distiller.fit(shifted, steps_per_epoch=4, shuffle=False, verbose=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_samples": 0}, "`num_samples` must be a positive int. Received: num_samples=0"),
        ({"embedding_dim": 1.5}, "`embedding_dim` must be a positive int"),
        ({"num_negatives": -1}, "`num_negatives` must be a positive int"),
        ({"temperature": 0}, "`temperature` must be a positive, finite number"),
        ({"momentum": 1.0}, r"`momentum` must lie in \[0, 1\). Received: momentum=1.0"),
        ({"seed": None}, "`seed` must be an int. Received: seed=None"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        make(**arguments)
