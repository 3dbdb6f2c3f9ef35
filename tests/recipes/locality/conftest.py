"""Rows of a small study that was made up: its means can be worked out by hand."""

import pytest

from locality import parts

KD, LP = "soft_target", "locality_preserving"
SCORES = {
    "alone": (0.90, 0.91, 0.92),
    KD: (0.92, 0.93, 0.94),
    LP: (0.93, 0.95, 0.94),
}


@pytest.fixture
def rows():
    """Three methods of one cell with three seeds each, one value of a sweep, what failed."""
    found = [
        final(method, seed, score)
        for method, scores in SCORES.items()
        for seed, score in enumerate(scores)
    ]
    swept = {"part": "sweep_schedule", "setting": parts.SWEEPS["schedule"][1]}
    found += [
        {k: v for k, v in (final(LP, seed, 0.0) | swept | {"validation_accuracy": score}).items()
         if k != "test_accuracy"}
        for seed, score in enumerate((0.5, 0.7))
    ]  # fmt: skip
    failed = {"part": "tune", "cell": "mnist_plain", "method": "solution_flow", "seed": 100}
    found.append(failed | {"setting": {}, "failed": "ValueError: other widths", "cpu_seconds": 1.0})
    teacher = {"part": "teacher", "cell": "mnist_plain", "method": "teacher", "seed": 0}
    return [*found, teacher | {"setting": {}, "test_accuracy": 0.99, "parameters": 131754}]


def final(method, seed, score):
    setting = {} if method == "alone" else {f"{method}.weight": 0.5, "learning_rate": 0.01}
    return {
        "part": "final", "cell": "mnist_plain", "method": method, "setting": setting, "seed": seed,
        "test_accuracy": score, "validation_accuracy": score, "train_accuracy": 1.0,
        "feature_norm": 2.0 + seed, "feature_spread": 1.0, "neighbors_kept": 0.25,
        "purity_student": 0.75, "purity_in_batch": 0.5, "cpu_seconds": 8.0, "parameters": 3858,
    }  # fmt: skip
