"""Every Python block of the README and of the guides runs as it stands."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page):
    """The Python blocks of a page, each at its own line, so that a traceback names the line."""
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(r"```python\n(.*?)```", text, flags=re.DOTALL):
        yield "\n" * text.count("\n", 0, match.start(1)) + match.group(1)


PAGES_WITH_CODE = [page for page in PAGES if any(blocks(page))]


def test_the_readme_shows_code():
    assert ROOT / "README.md" in PAGES_WITH_CODE


@pytest.mark.parametrize("page", PAGES_WITH_CODE, ids=lambda page: page.name)
def test_code_blocks_run_in_order(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks(page):
        exec(compile(block, str(page), "exec"), names)
