import numpy as np
import pytest

from tf_lpdistill.report.measures import calibration, confused_pairs, confusion, nearest


def test_confusion_counts_true_classes_by_answer():
    counts = confusion([0, 0, 1, 2, 2, 2], np.array([0, 1, 1, 0, 0, 2]), 4)
    expected = [[1, 1, 0, 0], [0, 1, 0, 0], [2, 0, 1, 0], [0, 0, 0, 0]]
    assert counts.tolist() == expected


def test_pairs_are_mistakes_the_most_frequent_first():
    counts = np.array([[9, 1, 0], [0, 9, 3], [2, 0, 9]])
    assert confused_pairs(counts, 2) == [(1, 2, 3), (2, 0, 2)]
    assert confused_pairs(counts, 9) == [(1, 2, 3), (2, 0, 2), (0, 1, 1)]
    assert confused_pairs(np.eye(3, dtype=int), 5) == []


def test_the_nearest_point_is_another_one():
    points = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 1.0], [0.0, 0.0], [9.0, 9.0]])
    assert nearest(points).tolist() == [3, 2, 1, 0, 2]


def test_the_calibration_error_equals_the_loop_of_its_definition():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(size=500)
    right = rng.uniform(size=500) < confidence**2
    expected = 0.0
    for low in np.arange(10) / 10:
        inside = (low < confidence) & (confidence <= low + 0.1)
        gap = abs(right[inside].mean() - confidence[inside].mean())
        expected += inside.sum() / 500 * gap
    found = calibration(confidence, right)
    assert found.error == pytest.approx(expected)
    assert found.count.sum() == 500 and len(found.count) == 10


def test_who_is_right_as_often_as_sure_has_no_error():
    confidence = np.repeat([0.25, 0.75], 4)
    right = np.array([1, 0, 0, 0, 1, 1, 1, 0], bool)
    found = calibration(confidence, right)
    assert found.error == 0.0
    assert found.accuracy[2] == 0.25 and found.accuracy[7] == 0.75
    assert np.isnan(found.accuracy[[0, 1, 9]]).all()


def test_certainty_on_the_edges_is_counted():
    found = calibration(np.array([0.0, 1.0]), np.array([True, False]))
    assert found.count[0] == 1 and found.count[9] == 1 and found.error == 1.0
