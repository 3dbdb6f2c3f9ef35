"""Both forms of the Laplacian energy, their gradient, and the choice between them."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.ops import laplacian, laplacian_energy


def graph(rows, neighbors, width=6, seed=0):
    rng = np.random.default_rng(seed)
    indices = np.stack([rng.permutation(rows)[:neighbors] for _ in range(rows)]).astype("int32")
    alpha = rng.uniform(size=(rows, neighbors)).astype("float32")
    vectors = rng.normal(size=(rows, width)).astype("float32") + 5.0
    return indices, alpha, vectors


def loop(indices, alpha, vectors):
    vectors = vectors.astype("float64")
    return sum(
        alpha[i, slot] * ((vectors[i] - vectors[j]) ** 2).sum()
        for i in range(len(vectors))
        for slot, j in enumerate(indices[i])
    )


@pytest.mark.parametrize("form", [laplacian._dense_form, laplacian._edge_form])
@pytest.mark.parametrize(("rows", "neighbors"), [(20, 5), (3, 2), (2, 1), (1, 0)])
def test_equals_the_loop(form, rows, neighbors):
    indices, alpha, vectors = graph(rows, neighbors)
    expected = loop(indices, alpha, vectors)
    np.testing.assert_allclose(form(indices, alpha, tf.constant(vectors)), expected, rtol=1e-5)


@pytest.mark.parametrize("form", [laplacian._dense_form, laplacian._edge_form])
def test_gradient_equals_finite_differences(form):
    indices, alpha, vectors = graph(8, 3, width=2)
    tensor = tf.constant(vectors)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        energy = 3.0 * form(indices, alpha, tensor)
    gradient = tape.gradient(energy, tensor).numpy()
    for i, j in np.ndindex(vectors.shape):
        step = np.zeros_like(vectors, "float64")
        step[i, j] = 1e-4
        up, down = (loop(indices, alpha, vectors + sign * step) for sign in (1, -1))
        np.testing.assert_allclose(gradient[i, j], 3.0 * (up - down) / 2e-4, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("rows", [100, 1100])
def test_unknown_batch_size_takes_the_form_for_its_size(rows):
    indices, alpha, vectors = graph(rows, 4)

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, 4), "int32"),
            tf.TensorSpec((None, 4)),
            tf.TensorSpec((None, 6)),
        ]
    )
    def energy(indices, alpha, vectors):
        return laplacian_energy(indices, alpha, vectors)

    np.testing.assert_allclose(
        energy(indices, alpha, vectors), loop(indices, alpha, vectors), rtol=1e-5
    )


def test_the_edge_form_is_chosen_for_large_batches_with_few_neighbours(monkeypatch):
    chosen = []
    for name in ("_dense_form", "_edge_form"):
        monkeypatch.setattr(laplacian, name, lambda *args, name=name: chosen.append(name))
    for rows, neighbors in ((1023, 4), (1024, 4), (1024, 17)):
        laplacian.laplacian_energy(*graph(rows, neighbors))
    assert chosen == ["_dense_form", "_edge_form", "_dense_form"]
