"""The committed tables and plots are what the committed rows make."""

import shutil

import pytest

import study_results
from locality import page, raw
from locality.records import Job, Records

pytest.importorskip("scipy")
pytest.importorskip("matplotlib")


def made(out_dir):
    return {path.name: path.read_bytes() for path in out_dir.rglob("*.*")}


@pytest.fixture
def copy(tmp_path):
    """A copy of the committed page and its rows, without the plots."""
    shutil.copy(study_results.DOCS / "locality.md", tmp_path)
    (tmp_path / "locality").mkdir()
    shutil.copy(study_results.DOCS / "locality" / "runs.csv", tmp_path / "locality")
    return tmp_path


def rebuild(out_dir):
    rows = raw.read(out_dir / "locality" / "runs.csv")
    text = (out_dir / "locality.md").read_text(encoding="utf-8")
    return page.fill(text, study_results.blocks(rows, out_dir / "locality"))


def test_the_committed_page_is_what_its_rows_make(copy):
    assert rebuild(copy) == (study_results.DOCS / "locality.md").read_text(encoding="utf-8")
    plots = {path.name for path in (copy / "locality").glob("*.svg")}
    committed = {path.name for path in (study_results.DOCS / "locality").glob("*.svg")}
    assert plots == committed and plots


def test_the_table_of_the_first_page_is_what_its_rows_make():
    readme = (study_results.ROOT / "README.md").read_text(encoding="utf-8")
    rows = raw.read(study_results.DOCS / "locality" / "runs.csv")
    assert page.fill(readme, study_results.first_page(rows)) == readme


def test_every_committed_row_has_what_a_sceptic_needs():
    rows = raw.read(study_results.DOCS / "locality" / "runs.csv")
    trained = [row for row in rows if row["part"] != "teacher"]
    assert len(trained) > 40
    for row in trained:
        assert {"setting", "seed", "hardware", "tensorflow", "keras", "cpu_seconds"} <= set(row)
        assert ("test_accuracy" in row) <= (row["part"] == "final")


def test_runs_of_a_study_are_added(copy, tmp_path_factory, rows_of_a_run):
    study = Records(tmp_path_factory.mktemp("study"))
    job = Job("final", "clothes_separable", "adversarial_feature", {"learning_rate": 0.123}, 0)
    study.write(job, rows_of_a_run)
    before = len(raw.read(copy / "locality" / "runs.csv"))
    assert raw.merge(copy / "locality" / "runs.csv", study.read().values()) == 1
    assert len(raw.read(copy / "locality" / "runs.csv")) == before + 1
    assert "learning rate 0.123" in rebuild(copy)


@pytest.fixture
def rows_of_a_run():
    return {
        "test_accuracy": 0.5, "validation_accuracy": 0.5, "train_accuracy": 1.0, "cpu_seconds": 9.0,
        "feature_norm": 2.0, "feature_spread": 1.0, "neighbors_kept": 0.2, "purity_student": 0.5,
    }  # fmt: skip
