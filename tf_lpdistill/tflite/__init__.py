"""From a Keras student to a proven phone bundle: export, verify, benchmark, inspect."""

from tf_lpdistill.tflite.benchmark import benchmark, phone_command
from tf_lpdistill.tflite.bundle import Bundle
from tf_lpdistill.tflite.conversion import Conversion
from tf_lpdistill.tflite.convert import ALL_PRECISIONS, PRECISIONS
from tf_lpdistill.tflite.export import export_bundle
from tf_lpdistill.tflite.inspect import inspect_file
from tf_lpdistill.tflite.metadata import About
from tf_lpdistill.tflite.origin import Origin
from tf_lpdistill.tflite.predict import predict
from tf_lpdistill.tflite.saved import load_model
from tf_lpdistill.tflite.scores import fit_scores
from tf_lpdistill.tflite.verify import verify

__all__ = [
    "ALL_PRECISIONS",
    "PRECISIONS",
    "About",
    "Bundle",
    "Conversion",
    "Origin",
    "benchmark",
    "export_bundle",
    "fit_scores",
    "inspect_file",
    "load_model",
    "phone_command",
    "predict",
    "verify",
]
