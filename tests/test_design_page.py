"""docs/design.md names places: each is there, and says something about its question."""

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
SECTION = (
    (ROOT / "docs" / "design.md").read_text(encoding="utf-8").split("## Found in one guess")[1]
)
ROWS = re.findall(r"^\| (.+\?) \| `(\S+\.py)` \| `(\w+)` \|$", SECTION, re.M)


def test_each_question_has_a_place_of_its_own():
    assert len(ROWS) == len({path for _, path, _ in ROWS}) == 16


@pytest.mark.parametrize(("path", "name"), [row[1:] for row in ROWS])
def test_the_function_is_in_the_file_and_documented(path, name):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.ClassDef)
    (found,) = [n for n in ast.walk(tree) if isinstance(n, kinds) and n.name == name]
    assert ast.get_docstring(found)
