"""Neighbour lists as matrices."""

import numpy as np

from tf_lpdistill.ops import edge_matrix, laplacian_matrix


def test_each_weight_at_its_place():
    indices = np.array([[1, 2], [2, 0], [0, 1]], "int32")
    weights = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "float32")
    expected = [[0.0, 1.0, 2.0], [4.0, 0.0, 3.0], [5.0, 6.0, 0.0]]
    np.testing.assert_array_equal(edge_matrix(indices, weights), expected)


def test_rows_without_neighbours():
    empty = np.zeros((1, 0))
    matrix = edge_matrix(empty.astype("int32"), empty.astype("float32"))
    np.testing.assert_array_equal(matrix, [[0.0]])


def test_the_laplacian_of_the_symmetric_graph():
    indices = np.array([[1, 2], [2, 0], [0, 1]], "int32")
    weights = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], "float32")
    adjacency = edge_matrix(indices, weights).numpy()
    symmetric = adjacency + adjacency.T
    expected = np.diag(symmetric.sum(axis=1)) - symmetric
    np.testing.assert_array_equal(laplacian_matrix(indices, weights), expected)
