"""Slow float64 loops for the locality preserving loss, with the numeric rules of `ops`."""

import numpy as np

DISTANCE_FLOOR = 1e-5
BANDWIDTH_FLOOR = 1e-5


def affinities(teacher, num_neighbors, bandwidth="auto"):
    """alpha of Eq. 5 as an (m, m) float64 matrix, one pair at a time."""
    teacher = np.asarray(teacher, "float64").reshape(len(teacher), -1)
    teacher = teacher - teacher.mean(axis=0)
    m = len(teacher)
    k = min(num_neighbors, m - 1)
    distances = np.zeros((m, m))
    for i in range(m):
        for j in range(m):
            squared = ((teacher[i] - teacher[j]) ** 2).sum()
            norms = (teacher[i] ** 2).sum() + (teacher[j] ** 2).sum()
            distances[i, j] = squared if squared > DISTANCE_FLOOR * norms else 0.0
    neighbors = [
        sorted((j for j in range(m) if j != i), key=lambda j, i=i: (distances[i, j], j))[:k]
        for i in range(m)
    ]
    if bandwidth == "auto":
        near = [distances[i, j] for i in range(m) for j in neighbors[i]]
        floor = BANDWIDTH_FLOOR * np.mean((teacher**2).sum(axis=1))
        squared_bandwidth = max(np.mean(near) if near else 0.0, floor) or 1.0
    else:
        squared_bandwidth = bandwidth**2
    alpha = np.zeros((m, m))
    for i in range(m):
        for j in neighbors[i]:
            alpha[i, j] = np.exp(-distances[i, j] / squared_bandwidth)
    return alpha


def locality_preserving(alpha, student):
    """Value (Eq. 6) and gradient (Eq. 9) in float64, one pair at a time."""
    shape = np.shape(student)
    student = np.asarray(student, "float64").reshape(shape[0], -1)
    m = shape[0]
    value, gradient = 0.0, np.zeros_like(student)
    for i in range(m):
        for j in range(m):
            difference = student[i] - student[j]
            value += alpha[i, j] * (difference**2).sum() / m
            gradient[i] += 2.0 / m * (alpha[i, j] + alpha[j, i]) * difference
    return value, gradient.reshape(shape)
