"""The scalings that the scripts know before they import the package."""

import ast

import pytest

from tests.house import read_sources
from tf_lpdistill.preprocessing import SCALINGS


@pytest.mark.parametrize(
    ("script", "expected"),
    [("scaling_flags", [*SCALINGS, "mean_std"]), ("compress_options", list(SCALINGS))],
)
def test_they_are_those_of_the_package(script, expected):
    tree = read_sources()[f"export/{script}.py"]
    lists = [ast.literal_eval(n) for n in ast.walk(tree) if isinstance(n, ast.List) and n.elts]
    assert [each for each in lists if each[0] == "0..255"] == [expected]
