"""Kernels as products: what is kept, and what it costs."""

import numpy as np
import pytest

from tf_lpdistill.compression.factorization import decompose, factorize, rank_of_energy


def kernel(shape=(3, 3, 4, 10), seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize("shape", [(7, 5), (5, 7), (3, 4, 6), (3, 3, 2, 30)])
def test_the_full_rank_is_the_kernel(shape):
    decomposition = decompose(kernel(shape))
    rank = len(decomposition[1])
    first, second = factorize(decomposition, rank)
    assert first.dtype == second.dtype == "float32" and second.shape == (rank, shape[-1])
    np.testing.assert_allclose((first @ second).reshape(shape), kernel(shape), atol=1e-5)
    assert rank_of_energy(decomposition, 1.0) == rank


def test_the_error_is_what_the_dropped_singular_values_hold():
    matrix = kernel().reshape((-1, 10))
    decomposition = decompose(kernel())
    values = np.linalg.svd(matrix, compute_uv=False)
    for rank in range(1, 11):
        first, second = factorize(decomposition, rank)
        error = np.sum(np.square(matrix - first @ second))
        np.testing.assert_allclose(error, np.sum(values[rank:] ** 2), rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("energy", [1e-9, 0.1, 0.5, 0.77, 0.9, 0.999])
def test_the_rank_of_an_energy(energy):
    decomposition = decompose(kernel())
    energies = decomposition[1] ** 2
    expected = next(r for r in range(1, 11) if energies[:r].sum() >= energy * energies.sum())
    assert rank_of_energy(decomposition, energy) == expected


def test_rounding_is_no_rank():
    exact = np.outer(kernel((40,)), kernel((20,), 1)) + np.outer(kernel((40,), 2), kernel((20,), 3))
    assert rank_of_energy(decompose(exact.astype("float32")), 1.0) == 2
    assert rank_of_energy(decompose(np.zeros((4, 5))), 1.0) == 1
