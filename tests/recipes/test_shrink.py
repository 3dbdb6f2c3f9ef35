"""Compressed students, end to end in a process of its own."""

import csv

import pytest

SHORT = [
    "--ways=clustered", "--num_seeds=1", "--epochs=2", "--num_labels=200", "--compression_epochs=1",
]  # fmt: skip


@pytest.mark.slow
def test_bundles_with_cards_from_a_teacher_that_the_run_keeps(recipe, pair, tmp_path):
    pair[0].save(tmp_path / "teacher.keras")
    given = [f"--teacher={tmp_path / 'teacher.keras'}", "--teacher_scaling=0..1"]
    done = recipe("shrink", tmp_path / "run", *SHORT, *given)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "run" / "teacher.keras").is_file()
    with open(tmp_path / "run" / "results.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["way"], line["precision"]) for line in lines] == [
        ("clustered", "float32"), ("clustered", "int8"),
    ]  # fmt: skip
    card = (tmp_path / "run" / "compressed" / "clustered_seed0" / "MODEL_CARD.md").read_text()
    assert "digits, grey images of 8x8 pixels" in card and "200 images with labels" in card
    assert "141,098 parameters, test accuracy" in card
    assert "KD + LP, then: Clustered, 16 values, by `python " in card


@pytest.mark.slow
def test_a_wrong_flag_is_told_in_a_line(recipe, tmp_path):
    done = recipe("shrink", tmp_path / "run", *SHORT, "--image_size=32")
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "--image_size goes with folders and tfds:NAME only" in done.stderr
    assert not (tmp_path / "run").exists()
