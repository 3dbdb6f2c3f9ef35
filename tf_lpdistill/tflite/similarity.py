"""How near the embeddings of a file are to those of the Keras student."""

import numpy as np

_EPSILON = 1e-12  # an embedding of zeros has no direction; its cosine is 0


def cosines(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Returns the cosine of each pair of rows.

    Args:
        found: (n, dimensions).
        expected: (n, dimensions).

    Returns:
        (n,) float64, -1..1.
    """
    found, expected = np.asarray(found, "float64"), np.asarray(expected, "float64")
    norms = np.linalg.norm(found, axis=-1) * np.linalg.norm(expected, axis=-1)
    return np.sum(found * expected, axis=-1) / np.maximum(norms, _EPSILON)


def compare(found: np.ndarray, expected: np.ndarray) -> dict[str, float]:
    """Returns `{"cosine", "lowest_cosine", "max_difference", "images"}` of two sets of embeddings.

    Args:
        found: (n, dimensions), of a file.
        expected: (n, dimensions), of the Keras student.
    """
    similar = cosines(found, expected)
    return {
        "cosine": float(similar.mean()),
        "lowest_cosine": float(similar.min()),
        "max_difference": float(np.max(np.abs(found - expected))),
        "images": len(similar),
    }
