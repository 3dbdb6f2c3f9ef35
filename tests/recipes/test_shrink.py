"""The comparison of ways to shrink: a killed run goes on; what cannot be done is said at once."""

import csv
import pathlib

import keras
import pytest

from shrinking import compressed_table
from shrinking.ways import FIGURES, WAYS
from tf_lpdistill import tflite

SHORT = (
    "--num_labels=1000 --batch_size=50 --num_seeds=1 --teacher_epochs=5 --epochs=10 "
    "--compression_epochs=2"
).split()


@pytest.mark.slow
def test_killed_between_two_ways_it_goes_on(kill_and_resume, tmp_path):
    results = kill_and_resume(
        "shrink", tmp_path, *SHORT, "--ways=channels,qat_kd_lp",
        once="compressed/channels_seed0.json",
    )  # fmt: skip
    teacher, channels, quantized = results["rows"]
    assert (channels["key"], quantized["key"]) == ("channels", "qat_kd_lp")
    assert channels["parameters"] < quantized["parameters"] < teacher["parameters"]
    assert not any(row["best"] for row in results["rows"])  # test images choose nothing
    with open(tmp_path / "results.csv", newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    found = {(line["way"], line["precision"]): line for line in lines}
    assert set(found) == {
        (key, precision) for key in ("channels", "qat_kd_lp") for precision in WAYS[key].precisions
    }
    for (key, precision), line in found.items():
        assert float(line["accuracy"]) > 0.5, line  # a tenth is chance
        facts = tflite.Bundle.open(tmp_path / "compressed" / f"{key}_seed0").facts()
        assert facts["files"][precision]["bytes"] == int(line["bytes"])
    assert "QAT + KD + LP" in (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "Channels, 3 in 10 gone" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_student_that_a_way_cannot_go_through_is_refused_before_training(recipe, tmp_path):
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(4, 3, activation="selu", name="odd")(inputs)
    x = keras.layers.Flatten(name="features")(x)
    keras.Model(inputs, keras.layers.Dense(10)(x)).save(tmp_path / "odd.keras")
    flags = [*SHORT, "--ways=pruned,qat", f"--student={tmp_path / 'odd.keras'}"]
    done = recipe("shrink", tmp_path / "run", *flags)
    assert done.returncode == 1 and "quantize_aware cannot go through 1 layer" in done.stderr
    assert "odd (Conv2D" in done.stderr and not (tmp_path / "run").exists()


def test_an_unknown_way_lists_the_known(recipe, tmp_path):
    done = recipe("shrink", tmp_path / "run", "--ways=qat,squash")
    assert done.returncode == 1 and not (tmp_path / "run").exists()
    assert "--ways must list some of distilled, qat, " in done.stderr and "squash" in done.stderr


@pytest.mark.parametrize("data", ["cifar10_jpeg", "clothing64_jpeg"])
def test_the_page_of_results_shows_the_means_of_its_raw_figures(data):
    folder = pathlib.Path(__file__).parents[2] / "docs" / "results"
    with open(folder / "compression" / f"{data}.csv", newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    found = {}
    for line in lines:
        results = found.setdefault(line["way"], {})
        one = results.setdefault(line["seed"], {"parameters": int(line["parameters"]), "files": {}})
        figures = {name: float(line[name]) for name in FIGURES}
        one["files"][line["precision"]] = figures | {"minimum_runtime": line["minimum_runtime"]}
    assert list(found) == list(WAYS) and all(len(results) == 3 for results in found.values())
    table = compressed_table.table({way: list(found[way].values()) for way in found})
    assert table in (folder / "compression.md").read_text(encoding="utf-8")
