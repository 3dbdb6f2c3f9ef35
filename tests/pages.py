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
    "text": "compared with what the Python block right before it prints: test_readme.py",
    "bash": "read by bash, its commands by the scripts, make targets and extras that they name, "
    "test_commands.py. Not run: whole trainings take hours, and installing changes the machine",
    "yaml": "loaded, and its commands read as those of bash. Not run: it is for other programs",
    "": "not tried: drawings and formulas",
}

SLOW = {"docs/tutorial.md": "trains to the end"}  # `make test` leaves their Python blocks out


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block.

    Args:
        kind: one of `KINDS`: the word behind the fence; "python, a file" where a title follows.
        title: the path of the file, or None.
        text: what stands between the fences.
        line: number of its first line in the page, from 1.
    """

    kind: str
    title: str | None
    text: str
    line: int


def blocks(page):
    """Returns the fenced blocks of a page, each a `Block`."""
    whole = page.read_text(encoding="utf-8")
    found = re.finditer(
        r'^```(\w*)(?: title="(\S+)")?\n(.*?)^```$', whole, re.DOTALL | re.MULTILINE
    )
    return [
        Block(
            f"{match[1]}, a file" if match[2] else match[1],
            match[2],
            match[3],
            whole.count("\n", 0, match.start(3)) + 1,
        )
        for match in found
    ]


def programs(page):
    """Returns the Python blocks to execute, each with what the page says that it prints, or None.

    That is the text block behind it, with one blank line between them.
    """
    found = blocks(page)
    shown = {block.line: block.text for block in found if block.kind == "text"}
    return [
        (block, shown.get(block.line + block.text.count("\n") + 3))
        for block in found
        if block.kind == "python"
    ]


def label(page):
    """The path of a page in the project, for the names of tests."""
    return page.relative_to(ROOT).as_posix()
