"""Features as points in a plane: principal components, turned to lie like one another."""

import numpy as np


def principal_plane(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two directions in which features differ most.

    Args:
        features: (n, ...) array; flattened, float64 from there on.

    Returns:
        `(points, explained)`: (n, 2) float64 coordinates, centred, and (2,) shares of the variance
        along them. Both are 0 in a direction in which the features do not differ.
    """
    rows = np.asarray(features, np.float64).reshape(len(features), -1)
    rows = rows - rows.mean(axis=0)
    left, singular, _ = np.linalg.svd(rows, full_matrices=False)
    variances = singular**2
    points, explained = np.zeros((len(rows), 2)), np.zeros(2)
    number = min(2, len(singular))
    points[:, :number] = left[:, :number] * singular[:number]
    if variances.sum() > 0.0:
        explained[:number] = variances[:number] / variances.sum()
    return points, explained


def turned(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Turns and mirrors points to lie as near a reference as they can; distances stay as they are.

    Principal components have no sign, and two that explain as much no order: without this, two maps
    of the same geometry may look different. The orthogonal Procrustes problem: Schonemann 1966,
    https://doi.org/10.1007/BF02289451.

    Args:
        points: (n, 2) centred float.
        reference: (n, 2) centred float, of the same samples.

    Returns:
        (n, 2) float.
    """
    left, _, right = np.linalg.svd(points.T @ reference)
    return points @ (left @ right)
