"""What a user gets from pip: the metadata, the modules, the embedded data."""

import importlib.metadata
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile

import pytest

import tf_lpdistill
from tests.house import imports, read_sources
from tests.plan import PACKAGE

ROOT = pathlib.Path(__file__).parents[1]


# What is imported under another name than it is installed.
CALLED = {"absl": "absl-py"} | {
    name: name.replace("_", "-")
    for name in (
        "ai_edge_litert", "keras_hub", "tensorflow_datasets", "tensorflow_model_optimization",
        "tf_keras",
    )
}  # fmt: skip
FOLDERS = (".ci", ".github", "benchmarks", "docs", "export", "recipes", "tests", "tf_lpdistill")
FILES = (
    ".gitignore", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in",
    "Makefile", "README.md", "RELEASING.md", "SECURITY.md", "mkdocs.yml", "pyproject.toml",
    "setup.py",
)  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of what git would give, never a build made here before; {file} and the folder."""
    folder = tmp_path_factory.mktemp("source")
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info", "node_modules")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    return {path.relative_to(folder).as_posix() for path in _files(folder)}, folder


@pytest.fixture(scope="module")
def metadata(source):
    """The metadata that setuptools makes of this checkout."""
    _setup(source[1], "egg_info")
    return importlib.metadata.PathDistribution(source[1] / "tf_lpdistill.egg-info")


@pytest.fixture(scope="module")
def installed_files(source, tmp_path_factory):
    """The files that an install would put into site-packages."""
    out = tmp_path_factory.mktemp("out")
    _setup(source[1], "build_py", "--build-lib", str(out))
    return {path.relative_to(out).as_posix() for path in _files(out)}


def _files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def _setup(folder, *command):
    subprocess.run(
        [sys.executable, "setup.py", "-q", *command], cwd=folder, check=True, capture_output=True
    )


def test_metadata(metadata):
    assert metadata.metadata["Name"] in ("tf_lpdistill", "tf-lpdistill")
    assert metadata.version == tf_lpdistill.__version__
    assert metadata.metadata["License"] == "Apache-2.0"
    assert set(metadata.metadata["Requires-Python"].split(",")) == {">=3.11", "<3.14"}
    extras = set(metadata.metadata.get_all("Provides-Extra"))
    assert {"recipes", "tflite", "compression", "report", "dev", "all"} <= extras


def test_all_holds_every_extra_but_dev(metadata):
    by_extra = {}
    for requirement in metadata.requires:
        extra = re.search(r"extra == ['\"](.+?)['\"]", requirement)
        name = re.match(r"[\w.-]+", requirement).group().lower().replace("_", "-")
        by_extra.setdefault(extra and extra.group(1), set()).add(name)
    everything = set().union(
        *(names for key, names in by_extra.items() if key not in (None, "dev"))
    )
    assert by_extra["all"] == everything
    assert {"tensorflow", "keras"} <= by_extra[None]


def test_what_is_required_is_imported_and_the_other_way_round(metadata):
    required, optional = set(), set()
    for line in metadata.requires:
        name = re.match(r"[\w.-]+", line).group().lower().replace("_", "-")
        if "extra == 'dev'" not in line.replace('"', "'"):
            (optional if "extra ==" in line else required).add(name.removesuffix("-cpu"))
    imported = {
        path: {CALLED.get(top := name.split(".")[0], top) for name in imports(path, tree)}
        for path, tree in read_sources().items()
    }
    # Both are imported by packages that do not ask for them: see setup.py.
    assert required | optional <= set().union(*imported.values()) | {
        "importlib-resources", "setuptools",
    }  # fmt: skip
    ours = set().union(*(names for path, names in imported.items() if path.startswith(PACKAGE)))
    foreign = ours - sys.stdlib_module_names - {PACKAGE}
    # h5py comes with Keras; keras-hub is installed apart, see docs/models.md.
    assert foreign - {"h5py", "keras-hub"} <= required | optional


def test_modules_and_data_are_installed_and_nothing_else(installed_files):
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tf_lpdistill").rglob("*.py")}
    data = {"data/digits.npz", "data/digits.txt", "py.typed"}
    assert installed_files == sources | {f"tf_lpdistill/{name}" for name in data}


def test_the_sdist_holds_what_a_clone_holds(source, tmp_path):
    files, folder = source
    _setup(folder, "sdist", "--dist-dir", str(tmp_path))
    (archive,) = tmp_path.iterdir()
    with tarfile.open(archive) as sdist:
        held = {member.name.partition("/")[2] for member in sdist if member.isfile()}
    made = {name for name in held if name.startswith("tf_lpdistill.egg-info/")}
    assert held - made == files | {"PKG-INFO", "setup.cfg"}
    assert {"tests/conftest.py", "recipes/digits.py", "tf_lpdistill/data/digits.npz"} <= held


def test_every_folder_of_code_is_a_package():
    folders = {path.parent for path in (ROOT / "tf_lpdistill").rglob("*.py")}
    assert all((folder / "__init__.py").exists() for folder in folders)


def test_the_digits_are_small_and_have_their_provenance():
    folder = ROOT / "tf_lpdistill" / "data"
    with zipfile.ZipFile(folder / "digits.npz") as archive:
        assert archive.testzip() is None
    assert (folder / "digits.npz").stat().st_size < 50_000
    text = (folder / "digits.txt").read_text()
    assert "CC BY 4.0" in text and "10.24432/C50P49" in text


def test_the_versions_of_python_agree():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert settings["tool"]["ruff"]["target-version"] == "py311"
    setup = (ROOT / "setup.py").read_text()
    for minor in (11, 12, 13):
        assert (
            f"Python :: 3.{minor}" in setup
            and f"python3.{minor}" in (ROOT / "Makefile").read_text()
        )


def test_an_unsuitable_python_is_named(tmp_path):
    # A command that exists and fails, as version managers leave behind.
    shim = tmp_path / "python3.11"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    done = subprocess.run(
        ["make", f"PYTHON={shim}", f"VENV={tmp_path}/venv", f"{tmp_path}/venv/.created"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("found", [False, True])
def test_an_audit_that_finds_a_hole_or_cannot_look_is_no_pass(found, tmp_path):
    tool = f'#!/bin/sh\necho asked: "$@"\ncase "$*" in *docs*) exit {int(found)};; esac\n'
    scripts = {
        "venv/bin/python": "#!/bin/sh\necho tqdm==4.67.1\n",
        "venv-audit/bin/pip-audit": tool,
    }
    for name, text in scripts.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
        path.chmod(0o755)
    for mark in ("venv/.created", "venv/.dev", "venv-audit/.ready"):
        (tmp_path / mark).touch()
    done = subprocess.run(
        ["make", f"VENV={tmp_path}/venv", "audit"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode != 0) == found == ("make audit: not passed" in done.stderr)
    assert done.stdout.count("asked: --strict") == 2 and "-r docs/requirements.txt" in done.stdout
    assert (tmp_path / "venv-audit" / "installed.txt").read_text() == "tqdm==4.67.1\n"
