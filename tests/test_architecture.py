"""The house is built by `tests/plan.py`, and the rules of `tests/house.py` see every breach."""

import ast
import json
import os
import subprocess
import sys

import keras
import pytest
import tensorflow as tf

from tests.house import (
    ROOT,
    arrows,
    circles,
    environment_writes,
    foreign_imports,
    imported_scenarios,
    losses_that_import_losses,
    module_name,
    old_keras,
    private_parts,
    read_sources,
    room_arrows,
    wrong_arrows,
    wrong_room_arrows,
)
from tests.plan import LAZY, PACKAGE, PLAN, PRIVATE, ROOMS

# {rule: [(path of a file, what it must not hold)]}
BREACHES = {
    wrong_arrows: [
        ("tf_lpdistill/new.py", "from tf_lpdistill import files"),
        ("tf_lpdistill/types.py", "from tf_lpdistill import taps"),
        ("tf_lpdistill/ops/new.py", "from tf_lpdistill import files"),
        ("tf_lpdistill/preprocessing.py", "from tf_lpdistill import report"),
        ("tf_lpdistill/taps.py", "from tf_lpdistill import tflite"),
        ("tf_lpdistill/losses/new.py", "from tf_lpdistill import taps"),
        ("tf_lpdistill/losses/new.py", "from tf_lpdistill.guidance import cost"),
        ("tf_lpdistill/graph/new.py", "from tf_lpdistill import data"),
        ("tf_lpdistill/data/new.py", "import tf_lpdistill.losses.base"),
        ("tf_lpdistill/data/new.py", "from ..losses import base"),
        ("tf_lpdistill/data/new.py", "def f():\n from .. import tflite"),
        ("tf_lpdistill/data/new.py", "from tf_lpdistill import teachers"),
        ("tf_lpdistill/data/new.py", "import importlib\nimportlib.import_module('tf_lpdistill.x')"),
        ("tf_lpdistill/models/new.py", "import tf_lpdistill"),
        ("tf_lpdistill/models/new.py", "from tf_lpdistill import Distiller"),
        ("tf_lpdistill/models/new.py", "from tf_lpdistill.losses import Hint"),
        ("tf_lpdistill/teachers/new.py", "from tf_lpdistill import data"),
        ("tf_lpdistill/teachers/cache/new.py", "from tf_lpdistill.losses import x"),
        ("tf_lpdistill/workers.py", "from tf_lpdistill import losses"),
        ("tf_lpdistill/distiller.py", "from tf_lpdistill.guidance import check"),
        ("tf_lpdistill/guidance/new.py", "from tf_lpdistill import tflite"),
        ("tf_lpdistill/callbacks/new.py", "from tf_lpdistill import report"),
        ("tf_lpdistill/compression/new.py", "from tf_lpdistill import objective"),
        ("tf_lpdistill/compression/new.py", "from tf_lpdistill import tflite"),
        ("tf_lpdistill/tflite/new.py", "from tf_lpdistill import terms"),
        ("tf_lpdistill/tflite/new.py", "from tf_lpdistill.report import x"),
        ("tf_lpdistill/report/new.py", "from tf_lpdistill import tflite"),
    ],
    wrong_room_arrows: [
        ("recipes/new.py", "from teaching import curves"),
        ("recipes/roles.py", "from teaching.training import Trainer"),
        ("recipes/teaching/new.py", "def f():\n from results import ending"),
        ("recipes/results/new.py", "from comparing import grid"),
        ("recipes/locality/new.py", "import common"),
    ],
    circles: [
        ("tf_lpdistill/teachers/live.py", "def f():\n from .cache import cache"),
    ],
    losses_that_import_losses: [
        ("tf_lpdistill/losses/new.py", "from tf_lpdistill.losses.hint import Hint"),
        ("tf_lpdistill/losses/new.py", "from . import soft_target"),
    ],
    foreign_imports: [
        ("recipes/new.py", "from ai_edge_litert.interpreter import Interpreter"),
        ("recipes/new.py", "def f():\n from scipy import stats"),
        ("export/new.py", "from tensorflow import keras"),
        ("export/new.py", "import compare"),
        ("benchmarks/new.py", "import digits"),
        ("tf_lpdistill/new.py", "import recipes.common"),
        ("tf_lpdistill/new.py", "import common"),
        ("tf_lpdistill/new.py", "import pandas"),
        ("tf_lpdistill/new.py", "import absl\nabsl.flags.DEFINE_bool('a', True, '')"),
        ("tf_lpdistill/new.py", "def f():\n from absl import flags"),
        ("tf_lpdistill/new.py", "def f():\n import tf_keras"),
        ("tf_lpdistill/new.py", "def f():\n import optuna"),
        ("tf_lpdistill/new.py", "from keras.src import ops"),
        ("tf_lpdistill/new.py", "from tensorflow.python.keras import backend"),
        ("tf_lpdistill/new.py", "__import__('faiss')"),
        ("tf_lpdistill/compression/new.py", "def f():\n import tf_keras"),
        ("tf_lpdistill/compression/_tfmot/new.py", "import tf_keras"),
        ("tf_lpdistill/graph/faiss_search.py", "import faiss"),
        ("tf_lpdistill/models/new.py", "import keras_hub"),
        ("tf_lpdistill/tflite/new.py", "import ai_edge_litert.interpreter"),
        ("tf_lpdistill/tflite/new.py", "try:\n import ai_edge_litert\nexcept ImportError:\n pass"),
    ],
    private_parts: [
        ("recipes/new.py", "def f(d):\n return d._terms()"),
        ("tf_lpdistill/guidance/new.py", "def f(student):\n return student._views"),
        ("tf_lpdistill/tflite/new.py", "def f(m):\n return m._run_through_graph(1)"),
        ("tf_lpdistill/new.py", "def f(m):\n return getattr(m, '_layers')"),
        ("tf_lpdistill/new.py", "class A:\n def f(self):\n  return self._compile_loss"),
    ],
    imported_scenarios: [
        ("recipes/new.py", "from digits import METHODS"),
        ("recipes/locality/new.py", "import study"),
        ("export/new.py", "import to_tflite"),
    ],
    old_keras: [("recipes/new.py", "import tensorflow as tf\ntf.keras.Model()")],
    environment_writes: [
        ("tf_lpdistill/new.py", "import os\nos.environ['A'] = '1'"),
        ("tf_lpdistill/new.py", "from os import environ\ndel environ['A']"),
        ("tf_lpdistill/new.py", "import os\nos.environ.setdefault('A', '1')"),
        ("tf_lpdistill/new.py", "import os\nos.environ |= {}"),
        ("tf_lpdistill/new.py", "import os\nos.putenv('A', '1')"),
    ],
}
BETWEEN_FILES = (circles, losses_that_import_losses, imported_scenarios)


@pytest.mark.parametrize("rule", BREACHES)
def test_rule(rule):
    assert rule(read_sources()) == set()


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [(rule, *breach) for rule, breaches in BREACHES.items() for breach in breaches],
)
def test_rule_sees_a_breach(rule, path, source):
    others = read_sources() if rule in BETWEEN_FILES else {}
    found = rule(others | {path: ast.parse(source)})  # without it there is none, see above
    assert found and all(path in item or module_name(path) in item for item in found)


@pytest.mark.parametrize(("drawn", "plan"), [(arrows, PLAN), (room_arrows, ROOMS)])
def test_the_plan_is_the_house_and_has_no_arrow_downwards(drawn, plan):
    found = {own: set() for own in plan}
    for _, own, target in drawn(read_sources()):
        found[own] |= {target} - {"types"}
    assert found == plan
    parts = list(plan)
    assert all(parts.index(below) < parts.index(own) for own in plan for below in plan[own])


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_name_is_used_and_still_there(name):
    path, inputs = PRIVATE[name], keras.Input((2,))
    assert name in (ROOT / path).read_text(encoding="utf-8")
    homes = keras.Model(inputs, keras.layers.Dense(1)(inputs)), tf.data.Dataset.range(2).batch(1)
    assert "_tfmot" in path or any(hasattr(home, name) for home in homes), (
        f"Keras or TensorFlow has no {name!r} any more, which {path} alone needs: find what it has "
        "in its place, a public way if there is one, and mend tests/plan.py"
    )


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
