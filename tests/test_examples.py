"""Every example in a docstring of the package that is imported runs, in a folder of its own."""

import doctest
import importlib
import pathlib

import pytest

import tf_lpdistill

PACKAGE = pathlib.Path(tf_lpdistill.__file__).parent
MODULES = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried and not failed


def test_there_are_examples():
    assert len(MODULES) > 20
