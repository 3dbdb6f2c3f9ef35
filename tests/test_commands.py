"""Every command in the pages and the scripts' own headers can be given as it stands: not run, read.

Scripts must be there and take the flags and values; make must have the target, setup.py the extra.
"""

import ast
import importlib.util
import json
import re
import shlex
import subprocess
import sys

import pytest

from tests.pages import PAGES, ROOT, blocks, label

SCRIPTS = [
    path
    for folder in ("recipes", "export", "benchmarks")
    for path in sorted((ROOT / folder).glob("*.py"))
    if re.search(r"^from absl.*^if __name__", path.read_text(encoding="utf-8"), re.M | re.S)
]
SCRIPT = r"(recipes|export|benchmarks)/\w+\.py"
WRONG = {
    ("recipes/digits.py", "--no_such_flag=1"): "Unknown command line flag",
    ("recipes/digits.py", "--strategy=no_such_one"): "value should be one of",
    ("recipes/digits.py", "runs"): "does not take",
    ("export/verify.py", "--bundle=phone"): "must have a value",
    ("export/verify.py", "...", "--bundl=phone"): "Unknown command line flag",
    ("recipes/no_such_recipe.py",): "No such file",
}


def lines(path):
    """The command lines of a page (blocks and `spans`) or of a script's header."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        header = (ast.get_docstring(ast.parse(text)) or "").replace("\\\n", " ")
        return [line for line in header.splitlines() if line.lstrip().startswith("python ")]
    spans = re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.M))
    found = [span.replace("\n", " ") for span in spans]
    for block in blocks(path):
        if block.kind in ("bash", "yaml"):
            found += block.text.replace("\\\n", " ").splitlines()
    return [line for line in found if re.search(r"\b(python|make|pip)\b", line)]


def commands(line):
    """The words of each command in a line, without what separates them."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found = [[]]
    for word in lexer:
        if set(word) <= set(";&|()<>"):
            found.append([])
        else:
            found[-1].append(word)
    return [words for words in found if words]


def calls(start):
    """`{page or script: its commands from the word that matches on}`."""
    found = {}
    for path in [*PAGES, *SCRIPTS]:
        for words in (words for line in lines(path) for words in commands(line)):
            first = next((i for i, word in enumerate(words) if re.fullmatch(start, word)), None)
            if first is not None:
                found.setdefault(label(path), []).append(words[first:])
    return found


def read_by_the_scripts(listed):
    """What is wrong with each of the commands, or None: see `command_program`."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.command_program", json.dumps(listed)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_bash_can_read_its_blocks(page):
    for block in blocks(page):
        if block.kind == "bash":
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)


def test_scripts_take_the_flags_that_are_shown():
    found = calls(SCRIPT)
    shown = [(where, command) for where, listed in found.items() for command in listed]
    faults = read_by_the_scripts([*WRONG, *(command for _, command in shown)])
    for expected, why in zip(WRONG.values(), faults, strict=False):
        assert expected in why
    faults = zip(shown, faults[len(WRONG) :], strict=True)
    assert [(where, shlex.join(words), why) for (where, words), why in faults if why] == []
    assert len(shown) > 100 and {"README.md", "docs/recipes.md", "recipes/tune.py"} <= set(found)
    # Every script that takes flags is shown somewhere.
    assert {label(path) for path in SCRIPTS} <= {command[0] for _, command in shown}


def test_make_has_the_targets():
    # All that make knows of the Makefile, made-up targets among them: printed, and nothing done.
    known = subprocess.run(
        ["make", "-pq", "no-such-target"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    targets = set(re.findall(r"^([\w.-]+):(?!=)", known, re.MULTILINE))
    settings = set(re.findall(r"^([A-Z_]+) \??=", known, re.MULTILINE))
    found = calls("make")
    assert len(found) > 5
    for where, listed in found.items():
        for words in listed:
            names = {word.partition("=")[0] for word in words[1:]}
            assert names <= targets | settings, (where, words)


def test_setup_has_the_extras():
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    extras = set(re.findall(r'^ {4}"(\w+)": \[', setup, re.M)) | set(
        re.findall(r'^EXTRAS\["(\w+)"\]', setup, re.M)
    )
    named = {
        extra
        for page in [*PAGES, *SCRIPTS]
        for listed in re.findall(
            r"(?:tf_lpdistill|\.)\[([\w,]+)\]", page.read_text(encoding="utf-8")
        )
        for extra in listed.split(",")
    }
    assert {"tflite", "compression", "tuning"} <= named <= extras


def test_modules_can_be_run():
    modules = {words[1] for listed in calls("-m").values() for words in listed}
    assert "tf_lpdistill.report" in modules
    for module in (module for module in modules if module.startswith("tf_lpdistill")):
        assert importlib.util.find_spec(f"{module}.__main__"), module
