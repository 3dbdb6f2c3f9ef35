"""Several runs on one page."""

import re
import shutil

import pytest

from tf_lpdistill.report import load_run, write_comparison, write_report
from tf_lpdistill.report.__main__ import main
from tf_lpdistill.report.comparison import join_runs


@pytest.fixture
def two(run_dir, edit, tmp_path):
    """The folders of two runs: "run", and "again" with another seed, 200 labels, a worse LP."""
    again = tmp_path / "again"
    shutil.copytree(run_dir, again)

    def change_config(config):
        config["flags"].update(seed=7)
        config["dataset"].update(labelled=200)
        config["command"] = "python recipes/digits.py --seed 7 <b>"

    def choose_lp(results):
        for row in results["rows"]:
            row["best"] = row["key"] == "lp"

    edit("config.json", change_config)
    edit("results.json", choose_lp)
    run_dir.rename(tmp_path / "changed")
    return again, tmp_path / "changed"


def test_rows_are_teacher_baseline_and_choice_of_each_run(two):
    joined = join_runs({path.name: load_run(path) for path in two})
    assert [row.name for row in joined.rows] == [
        "again: Teacher", "again: Student alone", "again: KD + LP",
        "changed: Teacher", "changed: Student alone", "changed: LP",
    ]  # fmt: skip
    assert [row.name for row in joined.rows if row.best] == ["again: KD + LP", "changed: LP"]
    assert set(joined.history.curves) == {row.key for row in joined.rows}
    assert joined.best.name == "again: KD + LP"


def test_the_page_tells_what_differs(two, tmp_path):
    page = write_comparison(two, tmp_path / "page.html").read_text()
    assert re.findall('<section id="(.*?)"', page) == [
        "table", "seeds", "sizes", "curves", "differences",
    ]  # fmt: skip
    differences = page[page.index('id="differences"') :]
    settings = re.findall("<dt>(.*?)</dt>", differences)
    assert settings == ["Labelled images", "--seed"]
    assert "<small>again: </small>150" in differences
    assert "<small>changed: </small>200" in differences
    assert "--seed 7 &lt;b&gt;" in differences
    assert "again chose KD + LP: 95.6 ± 0.3%; changed chose LP: 94.8 ± 0.4%." in page
    assert "All were tested on the same data set." in page
    assert not re.search(r"\b(nan|inf)\b|https?:", page)


def test_other_test_data_are_told(two, tmp_path):
    config = two[1] / "config.json"
    config.write_text(config.read_text().replace('"test": 360', '"test": 361'))
    page = write_comparison(two, tmp_path / "page.html").read_text()
    assert "tested on different data: their accuracies cannot be compared" in page


def test_a_run_without_history_or_choice_is_compared_too(two, tmp_path):
    (two[0] / "history.csv").unlink()
    page = write_comparison(two, tmp_path / "page.html").read_text()
    curves = page[page.index('id="curves"') : page.index('id="differences"')]
    assert "changed: LP" in curves and "again" not in curves


def test_what_was_not_chosen_is_not_called_so(two, tmp_path):
    """A run of which no row is marked, since only test accuracies could tell."""
    results = two[1] / "results.json"
    results.write_text(results.read_text().replace('"best": true', '"best": false'))
    joined = join_runs({path.name: load_run(path) for path in two})
    assert [row.name for row in joined.rows if row.best] == ["again: KD + LP"]
    page = write_comparison(two, tmp_path / "page.html").read_text()
    assert "again chose KD + LP: 95.6 ± 0.3%; changed, most accurate: KD + LP: 95.6 ± 0.3%." in page
    alone = write_report(two[1], tmp_path / "alone.html").read_text()
    assert "the most accurate student: <b>KD + LP" in alone and "Most accurate: KD + LP" in alone
    assert "hosen" not in alone


@pytest.mark.parametrize("number", [1, 3])
def test_less_than_two_and_one_twice_are_refused(two, number):
    given = [two[0]] if number == 1 else [*two, two[0]]
    with pytest.raises(ValueError, match="needs two run folders or more, each once. Received"):
        write_comparison(given, "page.html")


def test_folders_of_one_name_are_told_apart_by_their_paths(two, tmp_path):
    other = tmp_path / "elsewhere" / two[0].name
    shutil.copytree(two[0], other)
    page = write_comparison([two[0], other], tmp_path / "page.html").read_text()
    assert f"{other}: KD + LP" in page


def test_the_command_takes_several_runs(two, tmp_path, capsys):
    output = tmp_path / "pages" / "all.html"
    assert main([*map(str, two), "--output", str(output)]) == 0
    assert capsys.readouterr().out == f"{output}\n" and output.is_file()
