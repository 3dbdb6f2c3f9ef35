"""Values that no loss can be computed on: no numbers, not finite, or too large for float32."""

import numpy as np
from keras import ops

from tf_lpdistill.types import Tensor

LARGEST = 1e15  # float32, which ends at 3e38, still holds the sum of a million of their squares


def check_values(loss: str, role: str, layer: str | None, features: Tensor) -> None:
    """Looks at the features of a real batch.

    Args:
        loss: name of the loss in the message.
        role: "teacher" or "student".
        layer: name of the feature, or None: the final output.
        features: (batch, ...) concrete tensor or array.

    Raises:
        ValueError: when there are no samples, no real numbers, or some that are not finite or
            larger than `LARGEST`.
    """
    layer = layer or "output"
    dtype = str(getattr(features.dtype, "name", features.dtype))
    if dtype != "bool" and "int" not in dtype and "float" not in dtype:
        raise ValueError(
            f"{loss}: the {role} features in {layer!r} must be real numbers. Received: {dtype}"
        )
    if features.shape[0] == 0:
        raise ValueError(
            f"{loss}: a batch must hold a sample. Received: {role} features of shape "
            f"{tuple(features.shape)} in {layer!r}"
        )
    values = ops.convert_to_numpy(ops.cast(features, "float32"))
    largest = np.abs(values.reshape(len(values), -1)).max(axis=1, initial=0.0)
    if not np.isfinite(largest).all():
        rows = np.flatnonzero(~np.isfinite(largest))
        raise ValueError(
            f"{loss}: non-finite {role} features in {layer!r} (NaN or infinite, samples "
            f"{rows[:5].tolist()} of the first batch). Check the {role}'s weights, the input "
            "scaling and the images."
        )
    if largest.max() > LARGEST:
        rows = np.flatnonzero(largest > LARGEST)
        raise ValueError(
            f"{loss}: {role} features in {layer!r} whose squares overflow float32 (samples "
            f"{rows[:5].tolist()} of the first batch). Expected: magnitudes up to {LARGEST:g}. "
            f"Received: {largest.max():.3g}. Check the {role}'s weights and the input scaling, or "
            "name a normalised layer."
        )
