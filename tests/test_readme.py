"""The Python blocks of README and guides run as they stand, and print what is shown behind them."""

import contextlib
import io
import re

import pytest

from tests.pages import PAGES, ROOT, SLOW, label, programs

PAGES_WITH_CODE = [page for page in PAGES if programs(page)]


def form(printed):
    """What is printed, without its figures and its line breaks: these differ between machines."""
    return re.sub(r"-?\d[\d.,]*", "#", " ".join(printed.split()))


def percentages(text):
    return [float(number) for number in re.findall(r"(\d+\.?\d*)\s?%", text)]


def test_the_readme_shows_code():
    assert ROOT / "README.md" in PAGES_WITH_CODE


def test_only_figures_may_differ_from_what_is_shown():
    assert form("alone: 3,858 parameters,\n  94.4% right") == "alone: # parameters, #% right"
    assert form("loss 0.1") == form("loss    -12.75") != form("losses 0.1")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=label(page), marks=[pytest.mark.slow] * (label(page) in SLOW))
        for page in PAGES_WITH_CODE
    ],
)
def test_code_blocks_run_in_order_and_print_what_is_shown(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block, shown in programs(page):
        # At its own line, so that a traceback names the line of the page.
        code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code, names)
        if shown is not None:
            assert form(printed.getvalue()) == form(shown)
            assert percentages(printed.getvalue()) == pytest.approx(percentages(shown), abs=5.0)


def test_the_first_page_of_the_documentation_has_the_figures_of_the_readme():
    readme, first = ((ROOT / name).read_text("utf-8") for name in ("README.md", "docs/index.md"))
    rows = re.findall(r"^\| .*KB \|$", first, re.MULTILINE)
    figures = re.findall(r"\d[\d,.]*(?: ± [\d.]+)?(?: KB)?", "".join(rows))
    assert len(rows) == 5 and len(figures) >= 12
    assert [f for f in figures if f not in readme] == []
