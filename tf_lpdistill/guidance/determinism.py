"""Whether the teacher gives an image the same answer every time, whatever stands beside it."""

from collections.abc import Iterator

import keras
import numpy as np

from tf_lpdistill.guidance.evidence import Evidence
from tf_lpdistill.guidance.finding import Finding

# A root mean square difference above this share of the spread of the outputs is not rounding,
# not even that of bfloat16.
_ROUNDING = 0.02
_WAY_OUT = (
    "Call every layer of the teacher with the `training` argument that its own `call` receives, "
    "which is False here; look for training=True in its code."
)


def look_at_determinism(evidence: Evidence) -> Iterator[Finding]:
    """Yields findings about teachers that run in training mode although they are told not to."""
    inputs, half = evidence.batch.inputs, evidence.batch_size // 2
    for teacher in evidence.teachers.values():
        if teacher.model is None or half < 1:
            continue
        whole, again = (_output(teacher.model, inputs) for _ in range(2))
        part = _output(teacher.model, keras.tree.map_structure(lambda x: x[:half], inputs))
        if _difference(whole, again) > _ROUNDING:
            yield Finding(
                "teacher_random",
                "error",
                f"{teacher.title} gives the same batch different answers on two calls.",
                "Dropout or another random layer is at work inside, so that it teaches noise, and "
                "a cache of it would be another teacher.",
                _WAY_OUT,
            )
        elif _difference(whole[:half], part) > _ROUNDING:
            yield Finding(
                "teacher_depends_on_batch",
                "error",
                f"{teacher.title} answers differently when half of the batch is left out.",
                "BatchNormalization in training mode takes its statistics from the batch, and "
                "moves the teacher's own with every step: it is not the teacher you trained.",
                _WAY_OUT,
            )


def _output(model, inputs):
    first = keras.tree.flatten(model(inputs, training=False))[0]
    return np.asarray(keras.ops.cast(first, "float32"))


def _difference(left, right):
    spread = max(float(left.std()), 1e-12)
    return float(np.sqrt(np.mean(np.square(left - right)))) / spread
