"""Both forms of the Laplacian energy, their gradient, and the choice between them."""

import numpy as np
import pytest
import tensorflow as tf

from tf_lpdistill.ops import laplacian, laplacian_energy

# Samples for each neighbour from which on the edge form is taken.
FORMS = {"dense": 10**9, "edges": 0}


@pytest.fixture(params=FORMS)
def form(request, monkeypatch):
    """Each form in turn, whatever the size."""
    monkeypatch.setattr(laplacian, "_ROWS_PER_NEIGHBOR", FORMS[request.param])
    return request.param


def graph(rows, neighbors, width=6, seed=0):
    rng = np.random.default_rng(seed)
    indices = np.stack([rng.permutation(rows)[:neighbors] for _ in range(rows)]).astype("int32")
    alpha = rng.uniform(size=(rows, neighbors)).astype("float32")
    vectors = rng.normal(size=(rows, width)).astype("float32") + 5.0
    return indices, alpha, vectors


def loop(indices, alpha, vectors):
    """Value and gradient in float64, one edge at a time."""
    vectors = vectors.astype("float64")
    value, gradient = 0.0, np.zeros_like(vectors)
    for i, slot in np.ndindex(*indices.shape):
        difference = vectors[i] - vectors[indices[i, slot]]
        value += alpha[i, slot] * (difference**2).sum()
        gradient[i] += 2.0 * alpha[i, slot] * difference
        gradient[indices[i, slot]] -= 2.0 * alpha[i, slot] * difference
    return value, gradient


def value_and_gradient(indices, alpha, vectors):
    vectors = tf.convert_to_tensor(vectors)
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        energy = laplacian_energy(indices, alpha, vectors)
    return energy, tape.gradient(energy, vectors)


def assert_equals_the_loop(found, graph):
    value, gradient = loop(*graph)
    np.testing.assert_allclose(found[0], value, rtol=1e-5)
    scale = np.abs(gradient).max(initial=1.0)
    np.testing.assert_allclose(found[1] / scale, gradient / scale, atol=1e-5)


@pytest.mark.parametrize(("rows", "neighbors"), [(300, 12), (20, 5), (3, 2), (2, 1), (1, 0)])
def test_equals_the_loop(form, rows, neighbors):
    example = graph(rows, neighbors)
    assert_equals_the_loop(value_and_gradient(*example), example)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_unknown_sizes(form, jit_compile):
    @tf.function(
        input_signature=[
            tf.TensorSpec((None, None), "int32"),
            tf.TensorSpec((None, None)),
            tf.TensorSpec((None, 6)),
        ],
        jit_compile=jit_compile,
    )
    def compiled(indices, alpha, vectors):
        return value_and_gradient(indices, alpha, vectors)

    for example in (graph(100, 4), graph(30, 3)):
        assert_equals_the_loop(compiled(*example), example)


def test_the_gradient_follows_what_comes_after():
    indices, alpha, vectors = graph(8, 3, width=2)
    tensor = tf.constant(vectors)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        energy = 3.0 * laplacian_energy(indices, alpha, tensor)
    expected = 3.0 * loop(indices, alpha, vectors)[1]
    np.testing.assert_allclose(tape.gradient(energy, tensor), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("known", [True, False])
def test_the_edge_form_is_chosen_for_many_samples_with_few_neighbours(known, monkeypatch):
    taken = []

    def product(name, vectors):
        tf.py_function(lambda: taken.append(name), [], [])
        return tf.identity(vectors)

    for name in ("dense", "edge"):
        replaced = lambda indices, alpha, vectors, name=name: product(name, vectors)  # noqa: E731
        monkeypatch.setattr(laplacian, f"_{name}_product", replaced)
    unknown = [tf.TensorSpec((None, None), "int32"), *[tf.TensorSpec((None, None))] * 2]
    compiled = tf.function(laplacian_energy, input_signature=None if known else unknown)
    for rows, neighbors in ((1023, 4), (1024, 4), (1024, 5), (1280, 5)):
        compiled(*graph(rows, neighbors, width=2))
    assert taken == ["dense", "edge", "dense", "edge"]
