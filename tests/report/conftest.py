"""A run folder as recipes/digits.py writes it, with invented but plausible values."""

import csv
import hashlib
import json

import numpy as np
import pytest

from tf_lpdistill.report import write_answers

METRICS = ("loss", "student_loss", "accuracy", "val_loss", "val_accuracy", "soft_target")
ROWS = (  # name, key, accuracies, overlaps, parameters, bytes of the float32 file
    ("Teacher", "teacher", [0.9861], None, 312650, 1254000),
    ("Student alone", "alone", [0.8972, 0.9111, 0.8889], [0.31, 0.30, 0.33], 1482, 11200),
    ("KD", "kd", [0.9306, 0.9361, 0.9222], [0.36, 0.37, 0.34], 1482, 11200),
    ("LP", "lp", [0.9472, 0.9528, 0.9444], [0.52, 0.53, 0.50], 1482, 11200),
    ("KD + LP", "kd_lp", [0.9528, 0.9556, 0.9583], [0.50, 0.51, 0.53], 1482, 11200),
)


@pytest.fixture
def run_dir(tmp_path):
    """A whole run folder."""
    directory = tmp_path / "run"
    (directory / "phone").mkdir(parents=True)
    (directory / "config.json").write_text(json.dumps(_config()))
    (directory / "results.json").write_text(json.dumps(_results()))
    _write_history(directory / "history.csv")
    _write_neighbors(directory / "neighbors.npz")
    _write_answers(directory / "answers.npz")
    _write_phone(directory / "phone")
    return directory


@pytest.fixture
def comparison(run_dir, edit):
    """The run folder as recipes/compare.py writes it: thirty methods, their costs, a failure."""

    def compare(results):
        rows = results["rows"]
        for row in rows:
            row.update(neighborhood_overlap=None, tflite=None)
        base = rows[2] | {"best": False, "extra_parameters": 0, "relative_time": 1.5}
        base["last_accuracy"] = [0.93, 0.94, 0.95]
        rows[1:] = [rows[1] | {"last_accuracy": [0.9, 0.9, 0.9], "extra_parameters": 0}]
        rows[1]["relative_time"] = 1.0
        for i in range(30):
            own = {"name": f"Method {i}", "key": f"m{i}", "best": i == 7}
            rows.append(base | own | {"accuracy": [0.9 + i / 1000, 0.9, 0.91]})
        rows[9].update(extra_parameters=34944, relative_time=3.084)
        reason = "the channels differ <b>"
        results["failures"] = [{"name": "FSP", "key": "solution_flow", "reason": reason}]
        results["exported"] = None

    edit("results.json", compare)
    for path in (run_dir / "phone").iterdir():
        path.unlink()
    for name in ("neighbors.npz", "answers.npz"):
        (run_dir / name).unlink()
    lines = [
        f"{key},{seed},{epoch},1.0,1.0,0.9,1.0,{0.5 + 0.01 * epoch},{term}"
        for key in ("alone", *(f"m{i}" for i in range(30)))
        for seed in range(3)
        for epoch in range(1, 5)
        for term in ["" if key == "alone" else 0.5]
    ]
    head = ",".join(("method", "seed", "epoch", *METRICS))
    (run_dir / "history.csv").write_text("\n".join([head, *lines]) + "\n")


@pytest.fixture
def search(edit):
    """The run folder as recipes/tune.py writes it: thirty trials, of which two failed."""
    rng = np.random.default_rng(0)
    numbers = {"kd_weight": rng.uniform(0.01, 10, 30), "k": rng.integers(1, 20, 30)}
    trials = [
        {
            "number": i,
            "accuracy": None if i in (3, 9) else round(float(rng.uniform(0.8, 0.95)), 4),
            "settings": {"kd_weight": float(numbers["kd_weight"][i]), "k": int(numbers["k"][i])}
            | {"pair": ("relu5 to <b>", "features to features")[i % 2]},
        }
        for i in range(30)
    ]
    trials[20]["accuracy"], trials[7]["accuracy"] = 0.97, 0.1
    named = (("kd_weight", "KD weight", True), ("k", "Neighbours k", False), ("pair", "Layers", 0))
    parameters = [
        {"name": name, "title": title, "log": bool(log), "importance": share}
        for (name, title, log), share in zip(named, (0.25, 0.75, None), strict=True)
    ]
    found = {"parameters": parameters, "trials": trials}
    edit("results.json", lambda results: results.update(search=found))
    return found


@pytest.fixture
def edit(run_dir):
    """Returns a function that changes a JSON file of the run folder: edit(name, change)."""

    def edit_file(name, change):
        value = json.loads((run_dir / name).read_text())
        change(value)
        (run_dir / name).write_text(json.dumps(value))

    return edit_file


def _config():
    return {
        "recipe": "digits",
        "title": "From a teacher to a phone file",
        "command": "python recipes/digits.py --run_dir runs/digits --seed 0",
        "flags": {"run_dir": "runs/digits", "seed": 0, "resume": False, "data_dir": None},
        "versions": {"tensorflow": "2.21.0", "keras": "3.15.1", "python": "3.11.9"},
        "seed": 0,
        "dataset": {
            "name": "digits",
            "description": "1,797 real handwritten digits of 8 by 8 pixels.",
            "train": 1137,
            "validation": 300,
            "test": 360,
            "labelled": 150,
            "class_names": [str(digit) for digit in range(10)],
        },
    }


def _results():
    return {
        "rows": [
            {
                "name": name,
                "key": key,
                "accuracy": accuracy,
                "neighborhood_overlap": overlap,
                "parameters": parameters,
                "best": key == "kd_lp",
                "tflite": _tflite(number, accuracy[0]),
            }
            for name, key, accuracy, overlap, parameters, number in ROWS
        ],
        "seeds": [0, 1, 2],
        "reading": "KD + LP is right on 95.6% of the test digits, 5.6 points above the student.",
        "exported": "kd_lp",
        "hardware": "Example CPU, 2 cores",
    }


def _tflite(number, accuracy):
    float32 = {
        "bytes": number,
        "zipped_bytes": int(number * 0.9),
        "accuracy": accuracy,
        "agreement": 1.0,
        "latency_ms": 0.00134,
        "latency_p95_ms": 0.00312,
        "minimum_runtime": "1.6.0",
    }
    faster = {"latency_ms": 0.00102, "bytes": number // 3}
    int8 = float32 | faster | {"accuracy": accuracy - 0.003, "agreement": 0.9917}
    return {"float32": float32, "int8": int8}


def _write_history(path):
    rng = np.random.default_rng(0)
    with open(path, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["method", "seed", "epoch", *METRICS])
        for _, key, accuracies, *_ in ROWS:
            for seed, accuracy in enumerate(accuracies):
                for epoch in range(8 if key == "teacher" else 20):
                    part = 1 - np.exp(-(epoch + 1) / 4) + rng.normal() * 0.004
                    loss, reached = 2.3 - 2.2 * part, min(1.0, accuracy * part)
                    term = 1.8 * np.exp(-epoch / 5) if key.startswith("kd") else ""
                    table.writerow([key, seed, epoch, loss, loss, reached, loss, reached, term])


def _write_neighbors(path, queries=3, k=5):
    rng = np.random.default_rng(1)

    def pixels(*shape):
        return rng.integers(0, 256, (*shape, 8, 8, 1), dtype=np.uint8)

    def labels(*shape):
        return rng.integers(0, 10, shape)

    np.savez(
        path,
        images=pixels(queries),
        labels=labels(queries),
        teacher_images=pixels(queries, k),
        teacher_labels=labels(queries, k),
        student_images=pixels(queries, k),
        student_labels=labels(queries, k),
        alone_images=pixels(queries, k),
        alone_labels=labels(queries, k),
        shared=np.arange(queries * k).reshape(queries, k) % 3 == 0,
        alone_shared=np.arange(queries * k).reshape(queries, k) % 5 == 0,
    )


def _write_answers(path, images=120):
    """The teacher is right but for each tenth image, the others err on a fifth, or a fourth."""
    rng = np.random.default_rng(2)
    labels = np.arange(images) % 10
    outputs, features = {}, {}
    for name, period in (("teacher", 10), ("student", 5), ("alone", 4), ("int8", 5)):
        wrong = np.arange(images) % period == 0
        answers = np.where(wrong, (labels + 1) % 10, labels)
        outputs[name] = 3.0 * np.eye(10)[answers] + rng.normal(size=(images, 10)) * 0.1
        features[name] = np.eye(10)[labels] @ rng.normal(size=(10, 6)) + rng.normal(size=6) * 0.1
    del features["int8"]
    pixels = rng.integers(0, 256, (images, 8, 8, 1), dtype=np.uint8)
    write_answers(path, pixels, labels, outputs, features)


def _write_phone(phone):
    entries = {}
    for precision, number in (("float32", 11200), ("int8", 3733)):
        content = bytes(range(256)) * (number // 256) + bytes(number % 256)
        (phone / f"digits_{precision}.tflite").write_bytes(content)
        checksum = hashlib.sha256(content).hexdigest()
        entries[precision] = {"file": f"digits_{precision}.tflite", "sha256": checksum}
    (phone / "labels.txt").write_text("\n".join(map(str, range(10))))
    (phone / "bundle.json").write_text(json.dumps({"files": entries}))
