"""Kernels as products of two smaller ones, by singular value decomposition.

Host arrays, in float64: each kernel is decomposed once, outside any training.
"""

from typing import TypeAlias

import numpy as np

# As `decompose` returns it.
Decomposition: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]


def decompose(kernel: np.ndarray) -> Decomposition:
    """Decomposes a kernel as a matrix of all its other dimensions by its outputs.

    Args:
        kernel: (..., outputs), float.

    Returns:
        `(left, values, right)` in float64: (n, r), (r,) falling, (r, outputs), where n is the
        product of the other dimensions and r the smaller of n and outputs.
    """
    matrix = np.asarray(kernel, "float64").reshape((-1, np.shape(kernel)[-1]))
    return np.linalg.svd(matrix, full_matrices=False)


def rank_of_energy(decomposition: Decomposition, energy: float) -> int:
    """The smallest rank that keeps a share of the energy, the squared singular values.

    Args:
        decomposition: as of `decompose`.
        energy: the share to keep, in (0, 1].

    Returns:
        int, at least 1. What float32 cannot tell from zero is no rank, at an energy of 1 neither.
    """
    left, values, right = decomposition
    noise = values[0] * max(len(left), right.shape[1]) * np.finfo("float32").eps
    energies = np.cumsum(np.square(values[values > noise]))
    return 1 + int(np.searchsorted(energies[:-1], energy * energies[-1])) if len(energies) else 1


def factorize(decomposition: Decomposition, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """The best product of two matrices of a rank, in the sense of least squares (Eckart, Young).

    Args:
        decomposition: as of `decompose`.
        rank: from 1 to the number of singular values.

    Returns:
        `(first, second)`, float32: (n, rank) and (rank, outputs).
    """
    left, values, right = decomposition
    root = np.sqrt(values[:rank])  # both factors get the same scale: float16 and int8 like that
    first, second = left[:, :rank] * root, root[:, None] * right[:rank]
    return first.astype("float32"), second.astype("float32")
