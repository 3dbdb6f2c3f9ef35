"""The pages of the project, their code blocks, and what tries each kind of block."""

import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "export/android/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]

KINDS = {
    "python": "executed, in the order of the page: test_readme.py",
    "python, a file": "put into a copy of the project and tested there: test_add_a_loss.py",
    "text": "compared with what the block before it prints: test_readme.py",
    "bash": "read by bash, its commands by the scripts, make targets and extras that they name, "
    "test_commands.py. Not run: whole trainings take hours, and installing changes the machine",
    "yaml": "loaded, and its commands read as those of bash. Not run: it is for other programs",
    "": "not tried: drawings and formulas",
}


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block.

    Args:
        kind: one of `KINDS`: the word behind the fence; "python, a file" where a title follows.
        title: the path of the file, or None.
        text: what stands between the fences.
    """

    kind: str
    title: str | None
    text: str


def blocks(page):
    """Returns the fenced blocks of a page, each a `Block`."""
    found = re.finditer(
        r'^```(\w*)(?: title="(\S+)")?\n(.*?)^```$',
        page.read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    return [
        Block(f"{language}, a file" if title else language, title, text)
        for language, title, text in (match.groups() for match in found)
    ]


def label(page):
    """The path of a page in the project, for the names of tests."""
    return page.relative_to(ROOT).as_posix()
