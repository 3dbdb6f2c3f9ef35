import numpy as np

from tf_lpdistill.report.projection import principal_plane, turned


def distances(points):
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def test_a_plane_in_many_dimensions_is_found_whole():
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(40, 2)) * [3.0, 1.0]
    axes = np.linalg.qr(rng.normal(size=(7, 2)))[0]
    points, explained = principal_plane(plane @ axes.T + 5.0)
    np.testing.assert_allclose(distances(points), distances(plane), atol=1e-9)
    np.testing.assert_allclose(explained.sum(), 1.0)
    assert explained[0] > explained[1]


def test_shares_are_those_of_the_covariance():
    rows = np.random.default_rng(1).normal(size=(50, 4, 2))
    values = np.linalg.eigvalsh(np.cov(rows.reshape(50, 8).T))[::-1]
    np.testing.assert_allclose(principal_plane(rows)[1], values[:2] / values.sum())


def test_features_that_do_not_differ_lie_at_the_origin():
    for rows in (np.ones((5, 3)), np.ones((5, 1)), np.ones((1, 3))):
        points, explained = principal_plane(rows)
        assert points.shape == (len(rows), 2) and not points.any() and not explained.any()


def test_turning_undoes_a_rotation_and_a_mirror_and_keeps_distances():
    rng = np.random.default_rng(2)
    reference = rng.normal(size=(30, 2))
    reference -= reference.mean(axis=0)
    mirrored = reference @ np.array([[0.6, 0.8], [0.8, -0.6]])
    np.testing.assert_allclose(turned(mirrored, reference), reference, atol=1e-12)
    other = rng.normal(size=(30, 2))
    np.testing.assert_allclose(distances(turned(other, reference)), distances(other))
