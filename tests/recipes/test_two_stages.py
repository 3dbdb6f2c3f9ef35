"""The two-stage methods, end to end in a process of their own."""

import json

import pytest


@pytest.mark.slow
def test_each_stands_beside_its_single_stage(recipe, tmp_path):
    flags = ["--epochs=3", "--teacher_epochs=2", "--num_seeds=1", "--num_labels=100"]
    done = recipe("two_stages", tmp_path / "run", *flags)
    assert done.returncode == 0, done.stderr[-3000:]
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["failures"] is None
    assert [row["key"] for row in results["rows"]] == [
        "teacher", "alone", "soft_target", "hint", "fitnets_two_stages", "solution_flow",
        "fsp_two_stages", "activation_boundary", "ab_two_stages", "factor_transfer",
        "ft_two_stages",
    ]  # fmt: skip
    assert "FT (two stages)" in done.stdout and (tmp_path / "run" / "report.html").is_file()


@pytest.mark.slow
def test_help_teaches(recipe):
    done = recipe("two_stages", "unused", "--help")
    assert "recipes/stages.py has the four" in done.stdout and "--num_labels" in done.stdout
