"""What answers are worth: which classes are mixed up, and whether confidence is earned."""

import dataclasses

import numpy as np

BINS = 10
"""Bins of a reliability diagram, of equal width."""


def confusion(labels: np.ndarray, classes: np.ndarray, number: int) -> np.ndarray:
    """Counts the answers of each class.

    Args:
        labels: (n,) true classes.
        classes: (n,) answers.
        number: how many classes there are.

    Returns:
        (number, number) int64; row: the true class, column: the answer.
    """
    counts = np.bincount(np.asarray(labels) * number + classes, minlength=number**2)
    return counts.reshape(number, number)


def confused_pairs(counts: np.ndarray, most: int) -> list[tuple[int, int, int]]:
    """The mistakes that are made most often.

    Args:
        counts: what `confusion` returned.
        most: how many to return.

    Returns:
        List of (true class, answer, count), the most frequent first; none of a count of 0.
    """
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [(*divmod(int(i), len(counts)), int(wrong.flat[i])) for i in order]
    return [pair for pair in pairs if pair[2]]


def nearest(points: np.ndarray) -> np.ndarray:
    """Finds the nearest other point of each.

    Args:
        points: (n, 2) float, n >= 2; of equally near ones the first counts.

    Returns:
        (n,) int64 rows.
    """
    distances = np.square(points[:, None] - points[None]).sum(axis=-1)
    np.fill_diagonal(distances, np.inf)
    return distances.argmin(axis=1)


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Answers by confidence, in bins of equal width from 0 to 1.

    `count` int, `confidence` and `accuracy` float, each (bins,): the mean confidence and the share
    of right answers, NaN in an empty bin. `error` is the expected calibration error: the mean
    distance of the two over all answers.
    """

    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    error: float


def calibration(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> Calibration:
    """Compares the confidence of answers with how often they are right.

    The expected calibration error of Guo et al., On Calibration of Modern Neural Networks, 2017
    (https://arxiv.org/abs/1706.04599), Eq. 3.

    Args:
        confidence: (n,) probability of the first class.
        right: (n,) bool.
        bins: how many; a confidence on an edge belongs to the lower bin, 0 to the first.

    Returns:
        A `Calibration`.
    """
    confidence, right = np.asarray(confidence, np.float64), np.asarray(right, np.float64)
    places = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    count = np.bincount(places, minlength=bins)
    sums = [np.bincount(places, values, minlength=bins) for values in (confidence, right)]
    means = [np.where(count > 0, total / np.maximum(count, 1), np.nan) for total in sums]
    error = float(np.abs(sums[0] - sums[1]).sum() / max(len(confidence), 1))
    return Calibration(count, *means, error)
