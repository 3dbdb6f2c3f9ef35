"""The recipe of neighbour batches in a process of its own: short, whole, resumed, refused."""

import json
import shutil

import numpy as np
import pytest

from tf_lpdistill import NeighborGraph

NAME = "neighbor_batches"
SHORT = ["--epochs=2", "--teacher_epochs=2", "--num_seeds=2", "--num_labels=300"]


@pytest.fixture(scope="module")
def finished(recipe, tmp_path_factory):
    """A finished short run: (its folder, what it printed)."""
    run_dir = tmp_path_factory.mktemp("runs") / "neighbor_batches"
    done = recipe(NAME, run_dir, *SHORT)
    assert done.returncode == 0, done.stderr[-3000:]
    return run_dir, done.stdout


@pytest.mark.slow
def test_the_table_the_graph_and_the_report(finished):
    run_dir, printed = finished
    results = json.loads((run_dir / "results.json").read_text())
    graph = NeighborGraph.load(run_dir / "graph.npz")
    assert (graph.num_samples, graph.num_neighbors) == (300, 10)
    for row in results["rows"]:
        assert row["name"] in printed and len(row["accuracy"]) == (
            1 if row["key"] == "teacher" else 2
        )
    recalls = {
        key: np.mean([result["neighbor_recall"] for result in of_arm])
        for key, of_arm in results["batches"].items()
    }
    assert recalls["lp"] == pytest.approx(49 / 299, abs=0.03)
    assert recalls["lp"] < 0.6 * recalls["lp_neighbors"] < 0.6 * recalls["lp_repeat"]
    assert recalls["alone"] == recalls["lp"]
    assert str(run_dir / "report.html") in printed and (run_dir / "report.html").is_file()


@pytest.mark.slow
def test_a_stopped_run_resumes_to_the_same_numbers(recipe, finished, tmp_path):
    run_dir = tmp_path / "again"
    shutil.copytree(finished[0], run_dir)
    (run_dir / "results.json").unlink()
    shutil.rmtree(run_dir / "students" / "lp_neighbors_seed1")
    assert "already holds a run" in recipe(NAME, run_dir, *SHORT).stderr
    done = recipe(NAME, run_dir, *SHORT, "--resume")
    assert done.returncode == 0, done.stderr[-3000:]
    before, after = (
        [row["accuracy"] for row in json.loads((folder / "results.json").read_text())["rows"]]
        for folder in (finished[0], run_dir)
    )
    assert before == after


@pytest.mark.slow
def test_wrong_flags_are_told_in_a_line(recipe, tmp_path):
    for flags, message in (
        (["--data=absent.npz", f"--data_dir={tmp_path}"], "absent.npz"),
        (["--seeds_per_batch=51", *SHORT], "`seeds` must be an integer, 1 to 50 (the batch size)"),
    ):
        done = recipe(NAME, tmp_path / "run", *flags)
        assert done.returncode != 0 and message in done.stderr
