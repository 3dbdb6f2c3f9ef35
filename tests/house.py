"""The rules of the house, read from the source: a new file is covered without an edit."""

import ast
import functools
import pathlib

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
    **dict.fromkeys(["taps", "teachers", "distribution"], {"losses", "distiller"}),
    **dict.fromkeys(["cluster", "rendezvous", "workers", "backup"], {"losses", "distiller"}),
    **dict.fromkeys(["models", "data", "compression", "tflite", "report"], {"losses", "distiller"}),
    **dict.fromkeys(["losses", "wiring", "distiller"], {"callbacks", "guidance"}),
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


def circles(sources):
    """Modules of the package that reach each other."""
    closure = reached(sources)
    rings = [{name, *(n for n in seen if name in closure[n])} for name, seen in closure.items()]
    return {" <-> ".join(sorted(ring)) for ring in rings if len(ring) > 1}


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
