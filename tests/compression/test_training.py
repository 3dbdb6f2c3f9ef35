"""What is trained, on what, and how wrong arguments are told."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tests.compression.conftest import kernels
from tf_lpdistill import compression
from tf_lpdistill.compression.objectives import cross_entropy


def student(policy="float32"):
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [keras.Input((6, 6, 1)), layers.Rescaling(1 / 255.0, dtype=policy),
         layers.Conv2D(6, 3, activation="relu", name="conv", dtype=policy),
         layers.Flatten(), layers.Dense(3, dtype=policy)]
    )  # fmt: skip


def data(samples=40):
    rng = np.random.default_rng(0)
    arrays = rng.uniform(0, 255, (samples, 6, 6, 1)).astype("float32"), rng.integers(0, 3, samples)
    return tf.data.Dataset.from_tensor_slices(arrays).batch(20)


def test_cross_entropy_is_kerass_own():
    logits, y = np.random.default_rng(0).normal(size=(4, 3)), np.array([0, 2, 1, 1])
    weight = np.array([0.0, 1.0, 2.0, 0.5])
    rows = np.log(np.exp(logits).sum(-1)) - logits[range(4), y]
    found = cross_entropy(None, y, (logits, {}))
    np.testing.assert_allclose(found, rows.mean(), rtol=1e-6)
    found = cross_entropy(None, y, (logits, {}), sample_weight=weight)
    np.testing.assert_allclose(found, (weight * rows).mean(), rtol=1e-6)


@pytest.mark.parametrize("verb", ["prune", "cluster", "quantize_aware"])
def test_the_objective_sees_what_the_student_does(verb):
    seen = []

    def objective(x, y, student_features, sample_weight=None):
        logits, features = student_features
        seen.append((x["inputs"].shape[1:], x["sample_id"].dtype, features["conv"].shape[1:]))
        seen.append(sample_weight is not None)
        return cross_entropy(x, y, student_features, sample_weight)

    objective.layer_names = ("conv",)
    packed = (
        data()
        .enumerate()
        .map(
            lambda i, batch: (
                {"inputs": batch[0], "sample_id": tf.range(20, dtype=tf.int64)},
                batch[1],
                tf.ones(20),
            )
        )
    )
    getattr(compression, verb)(student(), packed, objective, epochs=1, verbose=0)
    assert seen == [((6, 6, 1), tf.int64, (4, 4, 6)), True]


def test_a_feature_that_is_not_there_is_named():
    def objective(x, y, student_features, sample_weight=None):
        return cross_entropy(x, y, student_features)

    objective.layer_names = ("cnov",)
    with pytest.raises(ValueError, match="feature 'cnov', which is not among"):
        compression.prune(student(), data(), objective, epochs=1, verbose=0)


def test_a_student_of_mixed_precision_comes_back_in_float32():
    mixed = student("mixed_bfloat16")
    pruned = compression.prune(mixed, data(), epochs=1, verbose=0)
    assert {layer.compute_dtype for layer in pruned.layers} == {"float32"}
    assert mixed.get_layer("conv").compute_dtype == "bfloat16"
    assert all(abs(np.mean(kernel == 0) - 0.5) < 0.05 for kernel in kernels(pruned))


def test_progress_is_shown_also_of_data_without_an_end(capsys):
    compression.prune(student(), data().repeat(), epochs=2, steps_per_epoch=3, verbose=2)
    shown = capsys.readouterr().out
    assert shown.startswith("prune to 0.5: tracing a step, seconds for a small student")
    assert "prune to 0.5: epoch 2/2" in shown and "3/3" in shown and "loss:" in shown


def test_a_loss_that_is_not_finite_ends_the_run():
    def objective(x, y, student_features, sample_weight=None):
        return cross_entropy(x, y, student_features) * float("nan")

    with pytest.raises(ValueError, match="loss is not finite. Received: nan in step 1 of epoch 1"):
        compression.cluster(student(), data(), objective, epochs=1, verbose=0)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"sparsity": 1.0}, ValueError, r"`sparsity` must be in \(0, 1\). Received: sparsity=1.0"),
        ({"epochs": 0}, ValueError, "`epochs` must be an integer >= 1. Received: epochs=0"),
        ({"steps_per_epoch": 0}, ValueError, "integer >= 1. Received: steps_per_epoch=0"),
        ({"steps_per_epoch": 2.5}, ValueError, "integer >= 1. Received: steps_per_epoch=2.5"),
        ({"steps_per_epoch": True}, ValueError, "integer >= 1. Received: steps_per_epoch=True"),
        ({"verbose": 7}, ValueError, "`verbose` must be 0, 1 or 2. Received: verbose=7"),
        ({"verbose": "auto"}, ValueError, "`verbose` must be 0, 1 or 2. Received: verbose='auto'"),
        ({"learning_rate": -1.0}, ValueError, "`learning_rate` must be a positive number"),
        (
            {"dataset": data().repeat()},
            ValueError,
            "a known length, or `steps_per_epoch`.*cardinality -1",
        ),
        ({"dataset": [1, 2]}, TypeError, "must be a batched tf.data.Dataset"),
    ],
)
def test_arguments_are_checked(settings, error, message):
    with pytest.raises(error, match=message):
        compression.prune(**{"student": student(), "dataset": data()} | settings)


def test_the_number_of_clusters_is_checked():
    with pytest.raises(ValueError, match="`num_clusters` must be an integer >= 3"):
        compression.cluster(student(), data(), num_clusters=2)


def test_a_quantized_student_only_predicts():
    quantized = compression.QuantizedStudent(student(), lambda x: x + 1, lambda x: 2 * x)
    np.testing.assert_array_equal(quantized.predict(np.arange(5.0), batch_size=2), [2, 4, 6, 8, 10])
    with pytest.raises(ValueError, match="only predicts. Received: training=True"):
        quantized(np.ones(3), training=True)
