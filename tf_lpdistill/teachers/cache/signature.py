"""Signatures of inputs: five numbers a sample that tell whether the teacher saw this very image."""

import functools

import keras
import numpy as np

from tf_lpdistill.types import Structure

SIGNATURE = "signature"  # name of the array in a cache
_PROJECTIONS = 4
# Rounding, of another machine or another batch size, stays below 1e-5 of an image's norm; a shift
# by one pixel, a flip or another scaling lies above 1e-2.
_TOLERANCE = 1e-4


def signature(inputs: Structure) -> np.ndarray:
    """Projects each sample on four fixed random directions.

    Unlike a hash it can be compared with a tolerance, so that a cache may move between machines.

    Args:
        inputs: batch of numbers, or a structure of batches; arrays of any dtype.

    Returns:
        float32 (batch, 5): the norm of the sample, and the projections.
    """
    leaves = [np.asarray(leaf, np.float32) for leaf in keras.tree.flatten(inputs)]
    flat = np.concatenate([leaf.reshape(len(leaf), -1) for leaf in leaves], axis=1)
    # No `@`: the threads of BLAS spin on for 100 ms after a product, beside the student's step.
    norms = np.sqrt(np.einsum("nd,nd->n", flat, flat))[:, None]
    projections = np.einsum("nd,kd->nk", flat, _directions(flat.shape[1]))
    return np.concatenate([norms, projections], axis=1)


def differing(signatures: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Finds the samples whose inputs are not those that were expected.

    Args:
        signatures: (batch, 5) as `signature` gives them.
        expected: the same.

    Returns:
        Positions in the batch, integers (number,).
    """
    close = np.abs(signatures - expected) <= _TOLERANCE * expected[:, :1]
    return np.flatnonzero(~close.all(axis=1))


@functools.lru_cache(maxsize=4)
def _directions(size):
    # RandomState, because numpy promises that its numbers never change.
    directions = np.random.RandomState(0).standard_normal((size, _PROJECTIONS))
    return np.ascontiguousarray(directions.T, np.float32)
