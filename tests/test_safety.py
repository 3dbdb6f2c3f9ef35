"""What the code never does, read from the source: no shell, no pickles, no foreign code."""

import ast
import pathlib

import pytest

from tests.house import ROOT, read_sources

# Whatever runs code or text as code, or makes a temporary file that others can read or foresee.
FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "os.system", "os.popen", "tempfile.mktemp", "pickle.load",
    "pickle.loads", "marshal.loads", "yaml.load", "shutil.unpack_archive",
    "keras.config.enable_unsafe_deserialization",
}  # fmt: skip
FORBIDDEN_IMPORTS = {"pickle", "marshal", "shelve", "dill", "joblib", "tarfile"}
# Loading a model is for two places, which do it in safe mode.
LOADERS = {"tf_lpdistill/saving.py", "tf_lpdistill/tflite/saved.py"}


def calls(tree):
    return [
        (ast.unparse(node.func), {k.arg: ast.unparse(k.value) for k in node.keywords}, node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    ]


def breaches(sources):
    """Returns {"path:line what"} of everything that is forbidden above."""
    found = set()
    for path, tree in sources.items():
        for name, given, node in calls(tree):
            where = f"{path}:{node.lineno} {name}"
            if name in FORBIDDEN_CALLS or given.get("shell", "False") != "False":
                found.add(where)
            if (
                name.startswith("subprocess.")
                and node.args
                and isinstance(node.args[0], ast.JoinedStr | ast.Constant)
            ):
                found.add(f"{where} of a text")
            if name in ("np.load", "numpy.load") and given.get("allow_pickle") != "False":
                found.add(f"{where} without allow_pickle=False")
            if name.endswith("saving.load_model") and path not in LOADERS:
                found.add(where)
            if given.get("safe_mode", "True") != "True":
                found.add(f"{where} without safe mode")
            if name.endswith(("extractall", "extract")):
                found.add(where)
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found |= {f"{path} imports {n}" for n in names if n.split(".")[0] in FORBIDDEN_IMPORTS}
            if isinstance(node, ast.Constant) and str(node.value).startswith(("/tmp/", "/var/tmp")):
                found.add(f"{path}:{node.lineno} names a shared temporary folder")
    return found


def test_the_code_does_none_of_it():
    assert breaches(read_sources()) == set()


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.system('ls')",
        "import subprocess\nsubprocess.run(['ls'], shell=True)",
        "import subprocess\nsubprocess.run(f'ls {x}')",
        "import numpy as np\nnp.load('a.npy')",
        "import numpy as np\nnp.load('a.npy', allow_pickle=True)",
        "import keras\nkeras.saving.load_model('a.keras')",
        "from tf_lpdistill.saving import load_model\nload_model('a', safe_mode=False)",
        "import pickle",
        "from joblib import load",
        "eval('1')",
        "archive.extractall('.')",
        "open('/tmp/a', 'w')",
    ],
)
def test_a_breach_is_seen(source):
    (found,) = breaches({"recipes/new.py": ast.parse(source)})
    assert found.startswith("recipes/new.py")


def test_the_demo_page_loads_and_sends_nothing_foreign():
    page = (ROOT / "export" / "demo" / "demo.html").read_text(encoding="utf-8")
    policy = " ".join(page.split('content="default-src')[1].split('"')[0].split())
    assert "base-uri 'none'; form-action 'none'" in policy
    policy = policy.partition("; base-uri")[0]
    assert policy.startswith("'none';") and "unsafe-inline" not in policy and "*" not in policy
    sources = {word for word in policy.replace(";", " ").split() if not word.endswith("-src")}
    assert sources == {"'none'", "'self'", "'wasm-unsafe-eval'", "blob:", "data:"}
    for file in pathlib.Path(ROOT / "export" / "demo").glob("*.*"):
        text = file.read_text(encoding="utf-8")
        assert file.suffix in (".json",) or "http://127.0.0.1" in text or "http" not in text


def test_dependencies_are_bounded():
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    texts = [value for value in constants if isinstance(value, str)]
    wanted = [t for t in texts if ">=" in t and t[0].isalpha()]
    assert len(wanted) > 10
    assert {"tensorflow>=2.20,<2.22", "keras>=3.12,<4"} <= set(wanted)
