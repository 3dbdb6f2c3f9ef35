"""Labels of any form as classes."""

import numpy as np

from tf_lpdistill.types import Structure


def as_classes(y: Structure) -> np.ndarray | None:
    """Reads labels as classes.

    Args:
        y: (n,) or (n, 1) whole numbers; or (n, C) one-hot or mixed, of which the largest counts.

    Returns:
        (n,) int64; None for anything else: none at all, structures, fractions, maps.
    """
    if y is None or isinstance(y, (tuple, list, dict)):
        return None
    labels = np.asarray(y)
    if labels.ndim == 2:
        labels = labels.argmax(axis=1) if labels.shape[1] > 1 else labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "biuf":
        return None
    return labels.astype(int) if np.array_equal(labels, np.rint(labels)) else None
