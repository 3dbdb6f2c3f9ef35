"""The rules of the house, read from the source: a new file is covered without an edit."""

import ast
import functools
import pathlib
import re
import sys

from tests.plan import FOREIGN, INNER, LAZY, PACKAGE, PLAN, PRIVATE, ROOMS

ROOT = pathlib.Path(__file__).parents[1]


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


def part(module):
    """tf_lpdistill.data.npz -> data; the package itself -> "" """
    return module.split(".")[1] if "." in module else ""


def imports(path, tree, early=False):
    """Returns the dotted names that a file imports, one for each name after `from x import`.

    With `early` without those inside of functions.
    """
    names = set()
    for node in _outside_functions(tree) if early else ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module_name(path).split(".")
                keep = len(package) - node.level + path.endswith("__init__.py")
                base = ".".join([*package[:keep], *filter(None, [base])])
            names |= {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and re.search("import(_module|__)$", text(node.func)):
            names |= {a.value for a in node.args if isinstance(getattr(a, "value", None), str)}
    return names


def _outside_functions(tree):
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            pending += ast.iter_child_nodes(node)


def text(node):
    return ast.unparse(node) if isinstance(node, (ast.Attribute, ast.Name)) else ""


def arrows(sources):
    """Yields (path, its part, a part that it imports); the package's own `__init__` has all."""
    for path, tree in sources.items():
        own = part(module_name(path))
        if not path.startswith(PACKAGE) or not own:
            continue
        for name in imports(path, tree):
            if name.split(".")[0] == PACKAGE and part(name) != own:
                yield path, own, part(name)


def wrong_arrows(sources):
    """Imports that the plan does not have; the names of types are for all."""
    return {
        f"{path} imports {target or PACKAGE + ' itself'}"
        for path, own, target in arrows(sources)
        if target not in PLAN.get(own, set()) | {"types"}
    }


def room_arrows(sources):
    """Yields (path, its room, a room that it imports) of the recipes, but for what runs."""
    for path, tree in sources.items():
        if not path.startswith("recipes/") or runs(tree):
            continue
        own = path.split("/")[1].removesuffix(".py")
        for name in imports(path, tree):
            if name.split(".")[0] in ROOMS.keys() - {own}:
                yield path, own, name.split(".")[0]


def wrong_room_arrows(sources):
    """Imports between rooms of the recipes that the plan does not have."""
    return {
        f"{path} imports {target}"
        for path, own, target in room_arrows(sources)
        if target not in ROOMS.get(own, set())
    }


def runs(tree):
    """Whether a file is a script."""
    return "'__main__'" in ast.dump(tree)


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
    """Packages where they are not to be, and lazy ones outside of a function."""
    wrong = set()
    for path, tree in sources.items():
        folder = path.split("/")[0]
        beside = {p.split("/")[1].removesuffix(".py") for p in sources if p.split("/")[0] == folder}
        known = sys.stdlib_module_names | {PACKAGE} | (beside if folder != PACKAGE else set())
        for name in imports(path, tree):
            root = name.split(".")[0]
            home = "" if root in known else FOREIGN.get(root, ())
            if not path.startswith(home) or f"{name}.".startswith(tuple(f"{i}." for i in INNER)):
                wrong.add(f"{path} imports {name}")
        if folder == PACKAGE:
            early = {name.split(".")[0] for name in imports(path, tree, early=True)} & LAZY
            wrong |= {f"{path} imports {name} outside of a function" for name in early}
    return wrong


def private_parts(sources):
    """Private names that a file takes from objects which are not its own."""
    defined = {path: set(_defined(tree)) - set(PRIVATE) for path, tree in sources.items()}
    anywhere = set().union(*defined.values())
    return {
        f"{path} uses {owner}.{name}"
        for path, tree in sources.items()
        for owner, name in _private_uses(tree)
        # What `self` has may come from a base in another file.
        if name not in (anywhere if owner in ("self", "cls") else defined[path])
        if PRIVATE.get(name) != path
    }


def _defined(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Attribute, ast.Name)) and isinstance(node.ctx, ast.Store):
            yield node.attr if isinstance(node, ast.Attribute) else node.id


def _private_uses(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found = ast.unparse(node.value), node.attr
        elif isinstance(node, ast.Call) and text(node.func) in ("getattr", "setattr", "hasattr"):
            found = text(node.args[0]), getattr(node.args[1], "value", "")
        else:
            continue
        if re.match("_[a-z]", str(found[1])):
            yield found


def old_keras(sources):
    return {
        f"{path}:{node.lineno} uses tf.keras"
        for path, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("tf.keras", "tensorflow.keras")
    }


def imported_scenarios(sources):
    """Files of recipes/ and export/ that run are imported by none: what two share is a room."""
    wrong = set()
    for folder in ("recipes/", "export/"):
        rooms = {path: tree for path, tree in sources.items() if path.startswith(folder)}
        scenarios = {pathlib.PurePath(path).stem for path, tree in rooms.items() if runs(tree)}
        wrong |= {
            f"{path} imports {name}"
            for path, tree in rooms.items()
            for name in imports(path, tree)
            if name.split(".")[0] in scenarios
        }
    return wrong


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
