"""Slow float64 loops for the locality preserving loss, with the numeric rules of `ops`."""

import numpy as np

DISTANCE_FLOOR = 1e-5
BANDWIDTH_FLOOR = 1e-5


RIDGE = 1e-3


def neighborhoods(teacher, num_neighbors):
    """Centred features, squared distances and lists of neighbours, one pair at a time."""
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
    return teacher, distances, neighbors


def affinities(teacher, num_neighbors, bandwidth="auto", affinity="heat"):
    """alpha (Eq. 5, or another choice) as an (m, m) float64 matrix, one pair at a time."""
    features = np.asarray(teacher, "float64").reshape(len(teacher), -1)
    teacher, distances, neighbors = neighborhoods(teacher, num_neighbors)
    m = len(teacher)
    if bandwidth == "auto":
        near = [distances[i, j] for i in range(m) for j in neighbors[i]]
        floor = BANDWIDTH_FLOOR * np.mean((teacher**2).sum(axis=1))
        squared_bandwidth = max(np.mean(near) if near else 0.0, floor) or 1.0
    else:
        squared_bandwidth = bandwidth**2
    alpha = np.zeros((m, m))
    for i in range(m):
        for j in neighbors[i]:
            if affinity == "heat":
                alpha[i, j] = np.exp(-distances[i, j] / squared_bandwidth)
            elif affinity == "binary":
                alpha[i, j] = 1.0
            elif affinity == "cosine":
                lengths = np.linalg.norm(features[i]) * np.linalg.norm(features[j])
                alpha[i, j] = max(features[i] @ features[j] / lengths if lengths else 0.0, 0.0)
    return alpha


def reconstruction(teacher, num_neighbors):
    """The weights of locally linear embedding as an (m, m) float64 matrix, one row at a time."""
    teacher, distances, neighbors = neighborhoods(teacher, num_neighbors)
    weights = np.zeros_like(distances)
    for i, near in enumerate(neighbors):
        k = len(near)
        gram = np.zeros((k, k))
        for a, j in enumerate(near):
            for b, other in enumerate(near):
                gram[a, b] = (distances[i, j] + distances[i, other] - distances[j, other]) / 2
        ridge = max(RIDGE * np.trace(gram), k * DISTANCE_FLOOR * (teacher[i] ** 2).sum()) or 1.0
        solution = np.linalg.solve(gram + ridge * np.eye(k), np.ones(k))
        weights[i, near] = solution / solution.sum()
    return weights


def locally_linear(weights, student):
    """Value and gradient of (1/m) sum_i |f_i - sum_j w_ij f_j|^2 in float64."""
    shape = np.shape(student)
    student = np.asarray(student, "float64").reshape(shape[0], -1)
    m = shape[0]
    value, gradient = 0.0, np.zeros_like(student)
    for i in range(m):
        residual = student[i] - sum(weights[i, j] * student[j] for j in range(m))
        value += (residual**2).sum() / m
        gradient[i] += 2.0 / m * residual
        for j in range(m):
            gradient[j] -= 2.0 / m * weights[i, j] * residual
    return value, gradient.reshape(shape)


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
