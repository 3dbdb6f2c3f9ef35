"""The long operations that `kill_program.py` kills: each returns the arrays that must come out.

An operation is a function of its folder, in which an earlier, killed run of it may lie. Those of
`PROCESSES` are run by several at once: the function is then given the rank of its process, too.
"""

import dataclasses
import functools
import json
import os
import pathlib
import runpy
import sys

import keras
import numpy as np

from tests import worker_program
from tf_lpdistill import (
    Distiller,
    NeighborGraph,
    Preprocessing,
    TeacherCache,
    compression,
    data,
    files,
    models,
    report,
    tflite,
)
from tf_lpdistill.backup import Backup
from tf_lpdistill.losses import LocalityPreserving, SoftTarget

ROOT = pathlib.Path(__file__).parents[2]
PIXELS = Preprocessing((8, 8), "grayscale", "0..1")
SHORT = "--teacher_epochs=1 --epochs=1 --num_labels=100 --batch_size=50 --resume".split()


def train(folder):
    """Three epochs with dropout, whose state is backed up after each."""
    split = data.load_digits().train.subset(100, 0)
    keras.utils.set_random_seed(0)
    teacher = models.digits_teacher()
    losses = [SoftTarget(), LocalityPreserving("features", "features")]
    distiller = Distiller(teacher, models.digits_student(), losses)
    distiller.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    distiller.build((None, 8, 8, 1))
    backup = Backup(folder / "backup")
    epoch = backup.restore(distiller)
    batches = data.training_batches(split, PIXELS, 50, seed=0, initial_epoch=epoch)
    distiller.fit(
        batches, initial_epoch=epoch, epochs=3, steps_per_epoch=2,
        callbacks=[worker_program.Metrics(folder), backup], shuffle=False, verbose=0,
    )  # fmt: skip
    distiller.save(folder / "distiller.keras")
    state = [*distiller.get_weights(), *(v.numpy() for v in distiller.optimizer.variables)]
    return [*state, *history(folder)]


def history(folder):
    """The metrics of all epochs, whichever run trained them."""
    return [text(json.loads(path.read_text())) for path in sorted(folder.glob("metrics/*.json"))]


def workers(folder, rank):
    """Two workers train as one, backed up after each epoch."""
    result = worker_program.train("multi_worker", folder)
    metrics = history(folder) if result["chief"] else []
    return [*map(np.array, result["weights"]), *metrics]


def build_cache(folder):
    """Four batches through a teacher."""
    keras.utils.set_random_seed(0)
    split = data.load_digits().train.subset(100, 0)
    batches = data.evaluation_batches(split, PIXELS, 25, sample_ids=True)
    cache = TeacherCache.build(models.digits_teacher(), batches, folder / "cache", ["features"])
    return [np.array(array) for array in cache.store.arrays.values()]


def build_graph(folder):
    """Five blocks, each kept, and the graph."""
    features = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
    graph = NeighborGraph.build(features, 3, block_size=10, directory=folder / "blocks")
    graph.save(folder / "graph.npz")
    graph = NeighborGraph.load(folder / "graph.npz")
    return [graph.indices, graph.squared_distances]


def compress(verb, folder):
    """Three epochs of a verb of compression on a student with statistics and dropout."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    student = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(6, 3), layers.BatchNormalization(), layers.ReLU(),
         layers.Dropout(0.3), layers.Flatten(), layers.Dense(10)]
    )  # fmt: skip
    split = data.load_digits().train.subset(100, 0)
    batches = data.training_batches(split, PIXELS, 50, seed=0)
    made = getattr(compression, verb)(
        student, batches, epochs=3, steps_per_epoch=2, checkpoint_dir=folder / "state", verbose=0
    )
    return [*getattr(made, "student", made).get_weights(), made.predict(PIXELS(split.images))]


def export(folder):
    """A bundle in the place of an earlier one."""
    keras.utils.set_random_seed(0)
    bundle = tflite.export_bundle(
        models.digits_student(), folder / "phone", labels=list("0123456789"), preprocessing=PIXELS,
        precisions=["float32"],
    )  # fmt: skip
    bundle = tflite.Bundle.open(bundle.directory)
    return [np.frombuffer(path.read_bytes(), np.uint8) for path in bundle.files.values()]


def write_report(folder):
    """The answers to the test images, and the page."""
    run, test = folder / "run", data.load_digits().test
    counts = dict.fromkeys(("train", "validation", "test", "labelled"), len(test))
    names = {"name": "digits", "description": "d", "class_names": list("0123456789")}
    about = {"recipe": "r", "title": "t", "command": "c", "flags": {}, "versions": {}, "seed": 0}
    files.write_json(run / "config.json", {**about, "dataset": counts | names})
    rows = [
        {"name": key, "key": key, "accuracy": [0.5], "parameters": 9, "best": key == "student"}
        for key in ("teacher", "student")
    ]
    results = {"rows": rows, "seeds": [0], "reading": "so so", "hardware": "h"}
    files.write_json(run / "results.json", results)
    rng = np.random.default_rng(0)
    outputs = {name: rng.normal(size=(len(test), 10)) for name in ("teacher", "student")}
    report.write_answers(run / "answers.npz", test.images, test.labels, outputs, outputs)
    page = report.write_report(run)
    return [np.frombuffer(page.read_bytes().replace(bytes(folder), b""), np.uint8)]


def recipe(name, *flags, folder):
    """A recipe from teacher to report; its table, but for what was measured in seconds."""
    sys.argv = [f"recipes/{name}.py", f"--run_dir={folder / 'run'}", *SHORT, *flags]
    sys.path.insert(0, str(ROOT / "recipes"))
    try:
        runpy.run_path(str(ROOT / "recipes" / f"{name}.py"), run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise RuntimeError(end.code) from end
    results = json.loads((folder / "run" / "results.json").read_text())
    keys = ("key", "accuracy", "neighborhood_overlap", "parameters")
    return [text([[row.get(key) for key in keys] for row in results["rows"]])]


def study(folder, rank):
    """A teacher, two methods, two trials and one last seed each, shared by two processes."""
    sys.path.insert(0, str(ROOT / "recipes"))
    import study as script
    from locality import parts, space
    from locality.cells import CELLS

    script.WAIT, parts.SEEDS = 0.2, range(1)
    parts.PARTS["digits"] = [("digits_plain", ("alone", "kd_lp"))]
    space.trials = functools.partial(space.trials, number=2)
    cell = CELLS["digits_plain"]
    CELLS["digits_plain"] = dataclasses.replace(cell, teacher_epochs=1, epochs=1, num_labels=100)
    script.work(str(folder), ["digits"], None, None)
    rows = script.Records(folder).read()
    measured = ("cpu_seconds", "wall_seconds", "int8_latency_ms", "sha256")
    for row in rows.values():
        for name in measured:
            row.pop(name, None)
    return [text(rows)]


def text(value):
    return np.frombuffer(json.dumps(value, sort_keys=True).encode(), np.uint8)


VERBS = ("prune", "cluster", "quantize_aware", "low_rank", "prune_channels")
OPERATIONS = {
    "train": train,
    "workers": workers,
    "build_cache": build_cache,
    "build_graph": build_graph,
    **{verb: functools.partial(compress, verb) for verb in VERBS},
    "export": export,
    "write_report": write_report,
    "study": study,
    "digits": lambda folder: recipe("digits", "--num_seeds=2", folder=folder),
    "tune": lambda folder: recipe("tune", "--num_trials=3", "--num_seeds=1", folder=folder),
    "shrink": lambda folder: recipe(
        "shrink", "--ways=channels", "--num_seeds=1", "--compression_epochs=2", folder=folder
    ),
}
PROCESSES = {"workers": 2, "study": 2}


def join(addresses, rank):
    """Makes this process one of several workers."""
    task = {"type": "worker", "index": rank}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": task})
