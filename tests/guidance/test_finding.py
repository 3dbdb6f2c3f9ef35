"""Findings in print, and their table in the documentation."""

import ast
import pathlib
import re

from tf_lpdistill import guidance
from tf_lpdistill.guidance import Finding, Findings

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "guidance.md"


def test_the_gravest_comes_first():
    note, error = (
        Finding("a", "note", "Seen.", "", ""),
        Finding("b", "error", "Seen.", "Bad.", "Go."),
    )
    found = Findings([note, error])
    assert list(found) == [error, note] and found.problems == [error]
    assert str(found).splitlines() == [
        "error (b): Seen.", "  why: Bad.", "  way out: Go.", "note (a): Seen."
    ]  # fmt: skip


def test_the_table_of_the_documentation_is_complete():
    calls = [
        node
        for path in pathlib.Path(guidance.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Finding"
    ]
    made = {call.args[0].value for call in calls}
    text = PAGE.read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    assert made == set(re.findall(r"`(\w+)`", " ".join(cells))) and len(made) > 15
