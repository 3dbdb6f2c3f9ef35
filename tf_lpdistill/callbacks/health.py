"""How features are: their length, their spread, the directions that they use."""

import dataclasses

import numpy as np

from tf_lpdistill.metrics import effective_rank, neighborhood_overlap


@dataclasses.dataclass(frozen=True)
class Health:
    """What is said of the features of a probe.

    Args:
        norm: mean Euclidean length of a sample's feature.
        spread: root mean squared distance of the samples from their mean.
        rank: effective number of directions, see `metrics.effective_rank`.
        overlap: share of the teacher's nearest neighbours that are the student's too; None where
            the teacher gives no feature.
    """

    norm: float
    spread: float
    rank: float
    overlap: float | None

    @property
    def width(self) -> float:
        """Spread as a share of the length; 0 where all is 0."""
        return self.spread / self.norm if self.norm else 0.0

    def logs(self) -> dict[str, float]:
        """The entries of the logs of an epoch."""
        values = {
            "student_norm": self.norm,
            "student_spread": self.spread,
            "effective_rank": self.rank,
            "neighbor_overlap": self.overlap,
        }
        return {name: value for name, value in values.items() if value is not None}


def examine(student: np.ndarray, teacher: np.ndarray | None, k: int) -> Health:
    """Examines the features of a student beside its teacher's.

    Args:
        student: (n, ...) float32.
        teacher: (n, ...) float32 of the same samples, or None.
        k: neighbours a sample; of fewer samples n - 1 are taken.

    Returns:
        A `Health`; all NaN where a feature is not finite.
    """
    rows = np.asarray(student, np.float64).reshape(len(student), -1)
    if not np.isfinite(rows).all():
        return Health(np.nan, np.nan, np.nan, None if teacher is None else np.nan)
    k = min(k, len(rows) - 1)
    return Health(
        norm=float(np.linalg.norm(rows, axis=1).mean()),
        spread=float(np.sqrt(((rows - rows.mean(axis=0)) ** 2).sum(axis=1).mean())),
        rank=effective_rank(rows),
        overlap=None if teacher is None or k < 1 else neighborhood_overlap(teacher, student, k),
    )
