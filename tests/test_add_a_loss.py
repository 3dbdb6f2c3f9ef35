"""The two files of docs/add_a_loss.md: found, held to the contract, nothing else touched."""

import pathlib
import re
import shutil
import subprocess
import sys

from tests.pages import ROOT, blocks


def test_the_two_files_of_the_page_are_a_whole_method(tmp_path):
    page = ROOT / "docs" / "add_a_loss.md"
    files = [(block.title, block.text) for block in blocks(page) if block.title]
    assert [pathlib.PurePath(name).parent.as_posix() for name, _ in files] == [
        "tf_lpdistill/losses", "tests/losses",
    ]  # fmt: skip
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tf_lpdistill", tmp_path / "tf_lpdistill", ignore=ignore)
    shutil.copytree(ROOT / "tests" / "losses", tmp_path / "tests" / "losses", ignore=ignore)
    for name in ("pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name, text in files:
        assert not (tmp_path / name).exists()
        (tmp_path / name).write_text(text, encoding="utf-8")
    targets = [files[1][0], "tests/losses/test_every_loss.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "LogitRegression or loop", *targets],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", done.stdout).group(1)) > 20
    for check in (["check"], ["format", "--check"]):
        subprocess.run(
            [sys.executable, "-m", "ruff", *check, *(name for name, _ in files)],
            cwd=tmp_path, capture_output=True, check=True,
        )  # fmt: skip
