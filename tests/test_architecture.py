"""Who may import whom, and what else the rules of `tests/house.py` refuse."""

import ast
import json
import os
import subprocess
import sys

import pytest

from tests.house import (
    LAZY,
    PACKAGE,
    ROOT,
    circles,
    environment_writes,
    foreign_imports,
    imported_scenarios,
    losses_that_import_losses,
    module_name,
    old_keras,
    read_sources,
    wrong_reaches,
)


@pytest.mark.parametrize(
    "rule",
    [
        wrong_reaches,
        circles,
        losses_that_import_losses,
        foreign_imports,
        old_keras,
        environment_writes,
        imported_scenarios,
    ],
)
def test_rule(rule):
    assert rule(read_sources()) == set()


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (wrong_reaches, "tf_lpdistill/ops/new.py", "from tf_lpdistill import files"),
        (wrong_reaches, "tf_lpdistill/losses/new.py", "from tf_lpdistill import taps"),
        (wrong_reaches, "tf_lpdistill/graph/new.py", "from tf_lpdistill import data"),
        (wrong_reaches, "tf_lpdistill/data/new.py", "import tf_lpdistill.losses.base"),
        (wrong_reaches, "tf_lpdistill/data/new.py", "from ..losses import base"),
        (wrong_reaches, "tf_lpdistill/data/new.py", "def f():\n from .. import tflite"),
        (wrong_reaches, "tf_lpdistill/workers.py", "from tf_lpdistill import losses"),
        (wrong_reaches, "tf_lpdistill/guidance/new.py", "from tf_lpdistill import tflite"),
        (wrong_reaches, "tf_lpdistill/distiller.py", "from tf_lpdistill.guidance import check"),
        (wrong_reaches, "tf_lpdistill/teachers/new.py", "from tf_lpdistill import guidance"),
        (wrong_reaches, "tf_lpdistill/models/new.py", "from tf_lpdistill import Distiller"),
        (wrong_reaches, "tf_lpdistill/teachers/cache/new.py", "from tf_lpdistill.losses import x"),
        (wrong_reaches, "tf_lpdistill/models/new.py", "from tf_lpdistill.losses import Hint"),
        (wrong_reaches, "tf_lpdistill/models/new.py", "from tf_lpdistill import tflite"),
        (wrong_reaches, "tf_lpdistill/tflite/new.py", "from tf_lpdistill import terms"),
        (wrong_reaches, "tf_lpdistill/tflite/new.py", "from tf_lpdistill.report import x"),
        (wrong_reaches, "tf_lpdistill/losses/new.py", "from tf_lpdistill.guidance import cost"),
        (wrong_reaches, "tf_lpdistill/guidance/new.py", "from tf_lpdistill import tflite"),
        (wrong_reaches, "tf_lpdistill/report/new.py", "from tf_lpdistill.losses import Hint"),
        (circles, "tf_lpdistill/teachers/live.py", "def f():\n from .cache import cache"),
        (
            losses_that_import_losses,
            "tf_lpdistill/losses/new.py",
            "from tf_lpdistill.losses.hint import Hint",
        ),
        (losses_that_import_losses, "tf_lpdistill/losses/new.py", "from . import soft_target"),
        (foreign_imports, "recipes/new.py", "from ai_edge_litert.interpreter import Interpreter"),
        (foreign_imports, "tf_lpdistill/tflite/new.py", "import ai_edge_litert.interpreter"),
        (foreign_imports, "tf_lpdistill/new.py", "def f():\n from absl import flags"),
        (foreign_imports, "tf_lpdistill/new.py", "def f():\n import tf_keras"),
        (foreign_imports, "tf_lpdistill/compression/new.py", "def f():\n import tf_keras"),
        (foreign_imports, "tf_lpdistill/compression/_tfmot/new.py", "import tf_keras"),
        (wrong_reaches, "tf_lpdistill/compression/new.py", "from tf_lpdistill import objective"),
        (wrong_reaches, "tf_lpdistill/compression/new.py", "from tf_lpdistill import tflite"),
        (foreign_imports, "tf_lpdistill/new.py", "def f():\n import faiss"),
        (foreign_imports, "tf_lpdistill/graph/faiss_search.py", "import faiss"),
        (foreign_imports, "recipes/new.py", "def f():\n from scipy import stats"),
        (foreign_imports, "tf_lpdistill/new.py", "def f():\n import optuna"),
        (foreign_imports, "export/new.py", "from tensorflow import keras"),
        (foreign_imports, "tf_lpdistill/new.py", "import matplotlib.pyplot as plt"),
        (imported_scenarios, "recipes/new.py", "from digits import METHODS"),
        (foreign_imports, "tf_lpdistill/models/new.py", "import keras_hub"),
        (old_keras, "recipes/new.py", "import tensorflow as tf\ntf.keras.Model()"),
        (environment_writes, "tf_lpdistill/new.py", "import os\nos.environ['A'] = '1'"),
        (environment_writes, "tf_lpdistill/new.py", "from os import environ\ndel environ['A']"),
        (environment_writes, "tf_lpdistill/new.py", "import os\nos.environ.setdefault('A', '1')"),
        (environment_writes, "tf_lpdistill/new.py", "import os\nos.environ |= {}"),
        (environment_writes, "tf_lpdistill/new.py", "import os\nos.putenv('A', '1')"),
    ],
)
def test_rule_sees_a_breach(rule, path, source):
    found = rule(read_sources() | {path: ast.parse(source)})  # without it there is none, see above
    assert found and all(path in item or module_name(path) in item for item in found)


def test_importing_the_package_is_quiet_and_changes_nothing():
    program = """
import json, os, sys
import keras
before, environment = set(sys.modules), dict(os.environ)
import tf_lpdistill, tf_lpdistill.data, tf_lpdistill.models, tf_lpdistill.tflite
import tf_lpdistill.callbacks, tf_lpdistill.compression, tf_lpdistill.report
new = set(sys.modules) - before
packages = sorted({name.split(".")[0] for name in new})
print(json.dumps([packages, dict(os.environ) == environment, "absl.flags" in new]))
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning:tf_lpdistill", "-c", program],
        capture_output=True, text=True, env=environment, check=True,
    )  # fmt: skip
    new, same_environment, flags = json.loads(done.stdout)
    assert same_environment and not flags
    assert PACKAGE in new and not LAZY & set(new)
