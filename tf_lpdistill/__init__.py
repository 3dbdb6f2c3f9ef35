"""Distil Keras vision models with locality preserving losses, and put them on a phone."""

from tf_lpdistill import backend  # isort: skip  (refuses a foreign Keras backend first)
from tf_lpdistill import compression, data, losses, metrics, models, taps, tflite
from tf_lpdistill.distiller import Distiller
from tf_lpdistill.graph import NeighborGraph
from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.teachers import TeacherCache, TeacherEnsemble

__version__ = "0.1.0"
__all__ = [
    "Distiller",
    "NeighborGraph",
    "Preprocessing",
    "TeacherCache",
    "TeacherEnsemble",
    "backend",
    "compression",
    "data",
    "losses",
    "metrics",
    "models",
    "taps",
    "tflite",
]
