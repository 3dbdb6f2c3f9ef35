"""The pictures of docs/paper.md: the script draws them, and the page shows those that are there."""

import math
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

import pictures
from teaching.curves import read_history

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "paper.md"
COMMITTED = sorted(pictures.PICTURES.glob("*.svg"))
NAMES = {path.name for path in COMMITTED}


def texts(path):
    """The texts of a picture, which must be whole."""
    return [element.text for element in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.slow
def test_the_script_draws_every_committed_picture(tmp_path):
    script = PAGE.parents[1] / "recipes" / "pictures.py"
    short = ["--epochs=1", "--teacher_epochs=1", "--num_seeds=1", f"--out_dir={tmp_path}"]
    done = subprocess.run(
        [sys.executable, script, *short], capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert {path.name for path in tmp_path.glob("*.svg")} == NAMES
    for path in COMMITTED:
        assert texts(tmp_path / path.name)
    rows = read_history(tmp_path / "weights.csv")
    assert [float(row["gamma"]) for row in rows] == list(pictures.GAMMAS)
    assert rows[0].keys() == read_history(pictures.PICTURES / "weights.csv")[0].keys()


def test_the_page_shows_every_picture_and_says_what_is_seen():
    page = PAGE.read_text(encoding="utf-8")
    wide = re.findall(r'<img src="pictures/([^"]+)" alt="([^"]+)">', page)
    narrow = re.findall(r'<source media="[^"]+" srcset="pictures/([^"]+)">', page)
    assert {name for name, _ in wide} | set(narrow) == NAMES and len(NAMES) == 8
    assert narrow == [name.replace(".svg", "_narrow.svg") for name, _ in wide]
    assert all(len(alt.split()) > 15 for _, alt in wide)


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.name)
def test_a_picture_is_light_whole_and_readable_on_any_ground(path):
    assert path.stat().st_size < 150_000
    text = path.read_text(encoding="utf-8")
    assert "prefers-color-scheme:dark" in text and 'class="paper"' in text
    links = re.findall(r'(?:href|src)="([^"]{0,15})', text)
    assert all(link.startswith("data:image/png;") for link in links) and "url(" not in text
    assert texts(path) and ET.parse(path).getroot().find("{http://www.w3.org/2000/svg}title").text


def test_the_figures_of_the_page_are_those_of_the_sweep():
    rows = read_history(pictures.PICTURES / "weights.csv")
    page = PAGE.read_text(encoding="utf-8")
    assert len(rows) == len(pictures.GAMMAS) * 3
    for row in re.findall(
        r"^\| (alone|[\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", page, re.M
    ):
        gamma = 0.0 if row[0] == "alone" else float(row[0])
        own = [r for r in rows if float(r["gamma"]) == gamma]
        for shown, metric in zip(row[1:], ("accuracy", "length", "spread"), strict=True):
            mean = sum(float(r[metric]) for r in own) / 3
            assert math.isclose(float(shown), mean, abs_tol=0.51 * 10 ** -len(shown.split(".")[1]))
