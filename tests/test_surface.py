"""What a user sees: typed signatures, whole docstrings, sources, and nothing that is private."""

import ast
import importlib
import inspect
import re
import subprocess
import sys

import pytest

from tests.house import ROOT, imports, module_name, read_sources
from tests.pages import PAGES, label, programs
from tests.plan import PACKAGE
from tf_lpdistill import losses

ROOMS = [
    module_name(path)
    for path in read_sources()
    if path.startswith(PACKAGE)
    and path.endswith("/__init__.py")
    and "/_t" not in path
    and "__all__" in ast.dump(read_sources()[path])
]
# Private, and used away from home: the reader of a journal, which faults/ gives any bytes to.
ABROAD = {"tf_lpdistill.teachers.cache.draft._sound_records"}
LOSSES = sorted(set(losses.__all__) - {"Loss", "get"})
# Nobody here has read which equation or section of the paper it is; a guess would be worse.
NO_EQUATION = {
    "AdversarialFeature",
    "CorrelationCongruence",
    "InstanceRelationGraph",
    "PairwiseDistance",
    "ProbabilisticTransfer",
    "RelativeDissimilarity",
}


def exported():
    """Returns {"room.name": function or class} of all that `__all__` names, methods with it."""
    found = {}
    for room in ROOMS:
        module = importlib.import_module(room)
        for name in module.__all__:
            value = getattr(module, name)
            if callable(value) and value.__module__.startswith(PACKAGE):
                found[f"{room}.{name}"] = value
                found |= {f"{room}.{name}.{key}": m for key, m in own_methods(value).items()}
    return found


def own_methods(value):
    """The public methods that a class does not have from a base, where they are described."""
    named = vars(value).items() if isinstance(value, type) else ()
    methods = {name: getattr(method, "__func__", method) for name, method in named}
    return {
        name: method
        for name, method in methods.items()
        if inspect.isfunction(method)
        and (name == "__call__" or not name.startswith("_"))
        and not any(hasattr(base, name) for base in value.__bases__)
    }


def public_functions(sources):
    """Yields (place, node, whether it is a method) of the functions that have no underscore."""
    for path, tree in sources.items():
        if not path.startswith(PACKAGE) or "/_t" in path:
            continue
        classes = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name[0] != "_"]
        for owner in (tree, *classes):
            for node in owner.body:
                named = isinstance(node, ast.FunctionDef) and node.name
                if named and (named[0] != "_" or named in ("__init__", "__call__")):
                    yield f"{path}:{node.lineno} {named}", node, owner is not tree


def untyped(sources):
    """Parameters and results of public functions without a type."""
    found = set()
    for place, node, is_method in public_functions(sources):
        given = node.args
        parameters = [*given.posonlyargs, *given.args][is_method:] + given.kwonlyargs
        parameters += filter(None, (given.vararg, given.kwarg))
        found |= {f"{place}({p.arg})" for p in parameters if p.annotation is None}
        if node.returns is None and node.name != "__init__":
            found.add(f"{place} ->")
    return found


def text_of(value):
    """The docstring, and those of the functions beside it that it names: "see `resnet`"."""
    text = inspect.getdoc(value) or ""
    beside = vars(sys.modules[value.__module__])
    named = [beside.get(name) for name in re.findall(r"`(\w+)`", text)]
    others = [inspect.getdoc(other) or "" for other in named if inspect.isfunction(other)]
    return "\n".join([text, *others])


def undocumented(functions):
    """Parameters that a docstring neither lists nor names in `backticks`, and hidden errors."""
    found = set()
    for place, value in functions.items():
        text = text_of(value)
        code = value.__init__ if isinstance(value, type) else value
        for name in set(inspect.signature(code).parameters) - {"self", "cls"}:
            if not re.search(rf"^ *\**(\w+, )*{name}(, \w+)*: |`{name}`", text, re.MULTILINE):
                found.add(f"{place}({name})")
        for error in raised_by(code):
            if not re.search(rf"Raises:(.|\n)*{error}|Raises `{error}`", text):
                found.add(f"{place} raises {error}")
    return found


def raised_by(code):
    """Names of the errors that the body of a function of ours raises itself."""
    if not getattr(code, "__module__", "").startswith(PACKAGE) or "<" in code.__code__.co_filename:
        return set()
    tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(code)))
    raised = [n.exc for n in ast.walk(tree) if isinstance(n, ast.Raise) and n.exc]
    return {ast.unparse(e.func) for e in raised if isinstance(e, ast.Call)} - {
        "NotImplementedError"
    }


def private_names(sources):
    """What a file takes from a foreign room although it has an underscore.

    The tests of a room are at home in it; nothing outside of the package reaches into an object.
    """
    found = set()
    for path, tree in sources.items():
        home = path.replace("tests/", f"{PACKAGE}/", 1).rpartition("/")[0].replace("/", ".")
        for name in imports(path, tree) - ABROAD:
            private = re.match(rf"({PACKAGE}[.\w]*?\.)_[a-z]", name)
            own = private and f"{home}.".startswith(private.group(1))
            tested = private and path.startswith("tests") and private.group(1).startswith(home)
            if private and not own and not tested:
                found.add(f"{path} imports {name}")
        if not path.startswith((PACKAGE, "tests")):
            reached = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
            private = [n for n in reached if re.match("_[a-z]", n.attr)]
            foreign = [n for n in private if getattr(n.value, "id", "") not in ("self", "cls")]
            found |= {f"{path} reaches into {node.attr}" for node in foreign}
    return found


def all_sources():
    """The code, the tests, and the blocks of the pages: {path: syntax tree}."""
    tests = {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in (ROOT / "tests").rglob("*.py")
    }
    pages = {
        label(page): ast.parse("\n".join(block.text for block, _ in programs(page)))
        for page in PAGES
    }
    return read_sources() | tests | pages


def test_every_public_signature_is_typed():
    assert len(list(public_functions(read_sources()))) > 600
    assert untyped(read_sources()) == set()


@pytest.mark.slow
def test_a_checker_sees_the_types(tmp_path):
    pytest.importorskip("mypy")
    settings = tmp_path / "mypy.ini"
    settings.write_text(
        "[mypy]\nignore_missing_imports = True\nfollow_imports = silent\n"
        "[mypy-keras.*,tensorflow.*,tqdm.*]\nfollow_imports = skip\n"
    )
    program = (
        "from tf_lpdistill import Preprocessing\n"
        "from tf_lpdistill.losses import SoftTarget\n"
        "from tf_lpdistill.losses.locality_preserving import LocalityPreserving\n"
        "SoftTarget(temperature=4.0)\n"
        "LocalityPreserving(num_neighbors=5)\n"
        "LocalityPreserving(num_neighbors='five')\n"
        "reveal_type(Preprocessing((8, 8)).input_shape)\n"
    )
    command = [sys.executable, "-m", "mypy", "--config-file", str(settings), "-c", program]
    done = subprocess.run(
        [*command, "--cache-dir", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    (error,) = [line for line in done.stdout.splitlines() if "error:" in line]
    assert ":6:" in error and 'expected "int"' in error
    assert 'Revealed type is "tuple[int, int, int]"' in done.stdout.replace("builtins.", "")


def test_every_parameter_and_error_is_described():
    assert len(exported()) > 200
    assert undocumented(exported()) == set()


def test_private_stays_private():
    sources = all_sources()
    assert {"README.md", "tests/test_surface.py", "recipes/digits.py"} <= set(sources)
    assert private_names(sources) == set()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_lists_its_public_names(room):
    module = importlib.import_module(room)
    assert len(set(module.__all__)) == len(module.__all__) > 0
    assert all(hasattr(module, name) for name in module.__all__)
    assert not [name for name in module.__all__ if re.match("_[a-z]", name)]


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_names_its_paper_and_equation(name):
    text = inspect.getdoc(getattr(losses, name))
    (source,) = re.findall(r"^References?: ((?:.+\n?)+)", text, re.MULTILINE)
    assert re.search(r"\(https://\S+\)", source) and re.search(r"\b(19|20)\d\d\b", source)
    place = re.search(r"\),\s(.*\s)?(Eqs?\.|sections?)\s\d", source)
    assert (place is None) == (name in NO_EQUATION), source


def test_no_exception_outlives_its_loss():
    assert set(LOSSES) > NO_EQUATION


@pytest.mark.parametrize(
    ("rule", "path", "source", "expected"),
    [
        (untyped, "tf_lpdistill/new.py", "def f(x, *, y: int = 1) -> int: ...", "f(x)"),
        (untyped, "tf_lpdistill/new.py", "def f(*rest: int): ...", "f ->"),
        (untyped, "tf_lpdistill/new.py", "class A:\n def __init__(self, x): ...", "__init__(x)"),
        (untyped, "tf_lpdistill/new.py", "class A:\n def f(self, **k) -> int: ...", "f(k)"),
        (private_names, "recipes/new.py", "from tf_lpdistill.files import _x", "files._x"),
        (private_names, "recipes/new.py", "distiller._terms()", "_terms"),
        (private_names, "docs/new.md", "import tf_lpdistill.compression._tfmot.x", "_tfmot"),
        (private_names, "tests/tflite/new.py", "from tf_lpdistill.graph.x import _y", "x._y"),
        (private_names, "tf_lpdistill/data/new.py", "from tf_lpdistill.graph.x import _y", "x._y"),
    ],
)
def test_a_breach_is_seen(rule, path, source, expected):
    (found,) = rule({path: ast.parse(source)})
    assert found.startswith(path) and expected in found


def lists(x):
    """Does.

    Args:
        x: a number.
    """


def names(x):
    """Does something with `x`."""


def refers(x):
    """See `lists`."""


def hides(x):
    """Does something with y."""


def raises(x):
    """Does something with `x`."""
    if x:
        raise ValueError("why")


@pytest.mark.parametrize(
    ("function", "lacks"),
    [(lists, set()), (names, set()), (refers, set()), (hides, {"f(x)"})],
)
def test_a_parameter_without_a_word_is_seen(function, lacks):
    assert undocumented({"f": function}) == lacks


def test_an_error_without_a_word_is_seen(monkeypatch):
    monkeypatch.setattr(raises, "__module__", f"{PACKAGE}.new")
    monkeypatch.setitem(sys.modules, f"{PACKAGE}.new", sys.modules[__name__])
    assert undocumented({"f": raises}) == {"f raises ValueError"}
