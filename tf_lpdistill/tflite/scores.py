"""Score calibration: probabilities that mean what they say, applied by MediaPipe on the phone.

A network is often too sure. For each class a sigmoid `1 / (1 + exp(-(slope * logit + offset)))` of
the score's logit is fitted on held-out images (Platt 1999, "Probabilistic outputs for support
vector machines"), and travels in the file's metadata.
"""

from collections.abc import Sequence

import numpy as np

_EPSILON = 1e-6
_STEPS = 50
# Enough to keep a class that is told apart perfectly from an infinite slope.
_RIDGE = 1e-3


def fit_scores(probabilities: np.ndarray, labels: np.ndarray) -> list[tuple[float, float]]:
    """Fits the sigmoid of each class, one class against the rest.

    Args:
        probabilities: (n, classes), of images that the student was not trained on.
        labels: (n,) integers.

    Returns:
        A list of (slope, offset), floats, one a class, for `export_bundle(score_calibration=...)`.

    Raises:
        ValueError: when a class has no image, or the shapes do not fit.
    """
    probabilities, labels = np.asarray(probabilities, "float64"), np.asarray(labels)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        raise ValueError(
            "`probabilities` must be (n, classes) and `labels` (n,). "
            f"Received: shapes {probabilities.shape} and {labels.shape}"
        )
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    if len(counts) > probabilities.shape[1] or not counts.all():
        raise ValueError(
            "Each class needs images to calibrate its score. "
            f"Received: images of the classes {counts.tolist()}"
        )
    logits = logit(probabilities)
    return [_fit(logits[:, c], labels == c) for c in range(probabilities.shape[1])]


def logit(probabilities: np.ndarray) -> np.ndarray:
    """Returns log(p / (1 - p)), finite also for 0 and 1."""
    clipped = np.clip(probabilities, _EPSILON, 1.0 - _EPSILON)
    return np.log(clipped) - np.log1p(-clipped)


def _fit(logits, positive):
    """Newton's method for the logistic regression of one class, with Platt's soft targets."""
    total = positive.sum()
    high, low = (total + 1.0) / (total + 2.0), 1.0 / (len(positive) - total + 2.0)
    targets = np.where(positive, high, low)
    design = np.stack([logits, np.ones_like(logits)], axis=1)
    start = np.array([1.0, 0.0])  # the score as it is

    def loss(weights):
        values = design @ weights
        ridge = 0.5 * _RIDGE * np.sum((weights - start) ** 2)
        return np.sum(np.logaddexp(0.0, values) - targets * values) + ridge

    weights = start.copy()
    for _ in range(_STEPS):
        values = sigmoid(design @ weights)
        gradient = design.T @ (values - targets) + _RIDGE * (weights - start)
        curvature = (design.T * (values * (1.0 - values))) @ design + _RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        # A full step may overshoot where a class is told apart well.
        while loss(weights - step) > loss(weights) and np.any(np.abs(step) > _EPSILON):
            step = step / 2.0
        weights = weights - step
    return float(weights[0]), float(weights[1])


def sigmoid(values: np.ndarray) -> np.ndarray:
    """Returns 1 / (1 + exp(-values)), without overflow."""
    return np.exp(-np.logaddexp(0.0, -np.asarray(values, "float64")))


def check(calibration: Sequence[Sequence[float]], num_classes: int) -> list[list[float]]:
    """Returns the calibration as a list of [slope, offset], or refuses it.

    Raises:
        ValueError: when it is not one pair of finite numbers a class.
    """
    try:
        pairs = np.asarray(calibration, "float64")
    except (TypeError, ValueError):
        pairs = np.zeros(())
    if pairs.shape != (num_classes, 2) or not np.all(np.isfinite(pairs)):
        raise ValueError(
            f"`score_calibration` must be {num_classes} pairs (slope, offset) of finite numbers, "
            f"as `fit_scores` returns. Received: shape={pairs.shape}"
        )
    return pairs.tolist()


def to_text(calibration: Sequence[Sequence[float]]) -> str:
    """Returns the file that MediaPipe reads: a line `scale,slope,offset` a class.

    No line end at the end: MediaPipe would read one class more.
    """
    return "\n".join(f"1.0,{slope!r},{offset!r}" for slope, offset in calibration)


def apply(probabilities: np.ndarray, calibration: Sequence[Sequence[float]]) -> np.ndarray:
    """Returns what MediaPipe makes of the scores.

    Args:
        probabilities: (n, classes).
        calibration: as `fit_scores` returns.
    """
    slopes, offsets = np.asarray(calibration).T
    return sigmoid(slopes * logit(probabilities) + offsets)
