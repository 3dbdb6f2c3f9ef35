"""tf_keras and tensorflow-model-optimization are loaded late, and change nothing else."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from tf_lpdistill.compression._tfmot import packages

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = """
import json, os, sys
import tf_lpdistill, tf_lpdistill.compression
loaded = lambda: [name in sys.modules for name in ("tf_keras", "tensorflow_model_optimization")]
before, environment = loaded(), dict(os.environ)
from tf_lpdistill.compression._tfmot.packages import load
load()
import keras, tensorflow
print(json.dumps([before, loaded(), dict(os.environ) == environment,
                  tensorflow.keras.Model is keras.Model]))
"""


def test_they_are_imported_when_a_verb_runs_and_tensorflows_keras_stays():
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("TF_USE_LEGACY_KERAS", None)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=True
    )
    assert json.loads(done.stdout) == [[False, False], [True, True], True, True]


def test_what_to_install_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_model_optimization", None)
    with pytest.raises(ImportError, match=r'pip install "tf_lpdistill\[compression\]"'):
        packages.load.__wrapped__()
    assert "TF_USE_LEGACY_KERAS" not in os.environ
