"""Who may import whom. The rules read the source, so that a new file is covered without an edit."""

import ast
import functools
import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = "tf_lpdistill"
LAZY = {
    "PIL",
    "ai_edge_litert",
    "faiss",
    "keras_hub",
    "matplotlib",
    "optuna",
    "tensorflow_datasets",
    "tensorflow_model_optimization",
    "tf_keras",
    "tqdm",
}
# Each part may reach itself, the names of types, and these parts of the package, nothing else.
CLOSED = {
    **dict.fromkeys(["types", "ops", "schedules"], set()),
    "losses": {"ops"},
    "metrics": {"ops"},
    "graph": {"ops", "files"},
}
# Parts that must not reach the named ones, directly or through others.
NEVER = {
    **dict.fromkeys(["taps", "teachers", "wiring", "distribution"], {"losses", "distiller"}),
    **dict.fromkeys(["cluster", "rendezvous", "workers", "backup"], {"losses", "distiller"}),
    **dict.fromkeys(["models", "data", "compression", "tflite", "report"], {"losses", "distiller"}),
    **dict.fromkeys(["losses", "distiller"], {"callbacks", "guidance"}),
    "guidance": {"callbacks", "compression", "data", "tflite", "report"},
}
# images -> data -> student -> compression -> tflite -> report: no stage knows a later one.
STAGES = ["data", "models", "distiller", "compression", "tflite", "report"]


@functools.cache
def read_sources():
    """Returns {path relative to the root, with "/": syntax tree} of all code but the tests."""
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for folder in (PACKAGE, "recipes", "export", "benchmarks")
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


def module_name(path):
    """tf_lpdistill/data/npz.py -> tf_lpdistill.data.npz"""
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def imports(path, tree, top_only=False):
    """Returns the dotted names that a file imports, one for each name after `from x import`."""
    names = set()
    nodes = tree.body if top_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module_name(path).split(".")
                keep = len(package) - node.level + path.endswith("__init__.py")
                base = ".".join([*package[:keep], *filter(None, [base])])
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def reached(sources):
    """Returns {module of the package: all modules of the package that it reaches}."""
    modules = {module_name(path): path for path in sources if path.startswith(PACKAGE)}
    edges = {}
    for name, path in modules.items():
        edges[name] = set()
        for target in imports(path, sources[path]):
            while target and target not in modules:
                target = target.rpartition(".")[0]
            edges[name] |= {target} & set(modules)
    closure = {}
    for name in modules:
        seen, pending = set(), [name]
        while pending:
            last = pending.pop()
            pending += edges[last] - seen
            seen.add(last)
        closure[name] = seen - {name}
    return closure


def part(module):
    """tf_lpdistill.data.npz -> data; the package itself -> "" """
    return module.split(".")[1] if "." in module else ""


def wrong_reaches(sources):
    wrong = set()
    for module, targets in reached(sources).items():
        own = part(module)
        if not own:
            continue
        for target in map(part, targets):
            closed = own in CLOSED and target not in CLOSED[own] | {own, "types"}
            later = own in STAGES and target in STAGES[STAGES.index(own) + 1 :]
            later = later and not {own, target} == {"data", "models"}
            if closed or later or not target or target in NEVER.get(own, ()):
                wrong.add(f"{module} reaches {target or PACKAGE + ' itself'}")
    return wrong


def losses_that_import_losses(sources):
    """A method is a class registered with Keras; files without one are bases, free to share."""
    folder = f"{PACKAGE}/losses/"
    methods = {
        module_name(path)
        for path, tree in sources.items()
        if path.startswith(folder) and "register_keras_serializable" in ast.dump(tree)
    }
    return {
        f"{path} imports {method}"
        for path, tree in sources.items()
        if path.startswith(folder)
        for name in imports(path, tree)
        for method in methods
        if f"{name}.".startswith(f"{method}.")
    }


def foreign_imports(sources):
    """Packages that only one place may import, and lazy ones at the top of a file."""
    homes = {
        "ai_edge_litert": f"{PACKAGE}/tflite/",
        "faiss": f"{PACKAGE}/graph/faiss_search.py",
        "absl.flags": ("recipes/", "export/", "benchmarks/"),
        "absl.app": ("recipes/", "export/", "benchmarks/"),
        "tf_keras": f"{PACKAGE}/compression/_tfmot/",
        "tensorflow_model_optimization": f"{PACKAGE}/compression/_tfmot/",
        "tensorflow.keras": (),
        "matplotlib": "recipes/locality/plots.py",
        "optuna": ("recipes/locality/space.py", "recipes/trials.py"),
        "scipy": "recipes/locality/intervals.py",
    }
    wrong = set()
    for path, tree in sources.items():
        for name in imports(path, tree):
            for package, home in homes.items():
                if f"{name}.".startswith(f"{package}.") and not path.startswith(home):
                    wrong.add(f"{path} imports {name}")
        if path.startswith(PACKAGE):
            early = {name.split(".")[0] for name in imports(path, tree, top_only=True)} & LAZY
            wrong |= {f"{path} imports {name} at its top" for name in early}
    return wrong


def old_keras(sources):
    return {
        f"{path}:{node.lineno} uses tf.keras"
        for path, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("tf.keras", "tensorflow.keras")
    }


def imported_scenarios(sources):
    """Files of recipes/ that run are imported by none: what two of them share is a room."""
    rooms = {path: tree for path, tree in sources.items() if path.startswith("recipes/")}
    scenarios = {
        pathlib.PurePath(path).stem
        for path, tree in rooms.items()
        if "'__main__'" in ast.dump(tree)
    }
    return {
        f"{path} imports {name}"
        for path, tree in rooms.items()
        for name in imports(path, tree)
        if name.split(".")[0] in scenarios
    }


def environment_writes(sources):
    """Places in the package that change the environment of the process."""
    exempt = f"{PACKAGE}/compression/_tfmot/packages.py"  # puts back what tfmot changes
    methods = ("update", "setdefault", "pop", "popitem", "clear", "__setitem__", "__ior__")
    wrong = set()
    for path, tree in sources.items():
        for node in ast.walk(tree):
            text = ""
            if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                text = ast.unparse(node.value)
            elif isinstance(node, ast.AugAssign):
                text = ast.unparse(node.target)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner, method = ast.unparse(node.func.value), node.func.attr
                text = owner if method in methods else ""
                text = "environ" if owner == "os" and method in ("putenv", "unsetenv") else text
            if text.endswith("environ") and path.startswith(PACKAGE) and path != exempt:
                wrong.add(f"{path}:{node.lineno}")
    return wrong


@pytest.mark.parametrize(
    "rule",
    [
        wrong_reaches,
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
