"""Kills a long operation at every write point and at random moments, and restarts it.

    python tests/faults/kill_program.py OPERATION TRIES FOLDER

All runs are forks of this process, in which nothing has run yet: they start at once. A write point
is a call that changes the file system under FOLDER; the hooks are put in here, the package knows
nothing of them. The last line printed is JSON: write points, attacks, and what was lost.
"""

import builtins
import hashlib
import json
import os
import pathlib
import random
import runpy
import shutil
import signal
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np

from tf_lpdistill import Distiller, NeighborGraph, Preprocessing, TeacherCache, data, models, tflite
from tf_lpdistill.backup import Backup
from tf_lpdistill.losses import LocalityPreserving, SoftTarget

ROOT = pathlib.Path(__file__).parents[2]
PIXELS = Preprocessing((8, 8), "grayscale", "0..1")


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
        batches, initial_epoch=epoch, epochs=3, steps_per_epoch=2, callbacks=[backup],
        shuffle=False, verbose=0,
    )  # fmt: skip
    distiller.save(folder / "distiller.keras")
    return [*distiller.get_weights(), *(v.numpy() for v in distiller.optimizer.variables)]


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


def export(folder):
    """A bundle in the place of an earlier one."""
    keras.utils.set_random_seed(0)
    bundle = tflite.export_bundle(
        models.digits_student(), folder / "phone", labels=list("0123456789"), preprocessing=PIXELS,
        precisions=["float32"],
    )  # fmt: skip
    bundle = tflite.Bundle.open(bundle.directory)
    return [np.frombuffer(path.read_bytes(), np.uint8) for path in bundle.files.values()]


def recipe(folder):
    """Teacher, four methods of two seeds, export, proof and report."""
    flags = "--num_seeds=2 --epochs=1 --teacher_epochs=1 --num_labels=100 --batch_size=50 --resume"
    sys.argv = ["recipes/digits.py", f"--run_dir={folder / 'run'}", *flags.split()]
    sys.path.insert(0, str(ROOT / "recipes"))
    try:
        runpy.run_path(str(ROOT / "recipes" / "digits.py"), run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise RuntimeError(end.code) from end
    rows = json.loads((folder / "run" / "results.json").read_text())["rows"]
    numbers = [[row["accuracy"], row["neighborhood_overlap"], row["parameters"]] for row in rows]
    student = keras.saving.load_model(folder / "run" / "student.keras")
    return [np.frombuffer(json.dumps(numbers).encode(), np.uint8), *student.get_weights()]


OPERATIONS = {f.__name__: f for f in (train, build_cache, build_graph, export, recipe)}
HOOKED = (
    [(os, n) for n in ("replace", "rename", "unlink", "rmdir", "mkdir", "fsync", "truncate")]
    + [(shutil, n) for n in ("rmtree", "copyfile")]
    + [(builtins, "open")]
)  # fmt: skip


def hook(folder, kill_at):
    """Counts the write points, and dies before the one numbered `kill_at`; returns the count."""
    points = [0]

    def wrap(function, name):
        def wrapped(*args, **kwargs):
            mode = args[1] if name == "open" and len(args) > 1 else kwargs.get("mode", "r")
            writes = name != "open" or set(str(mode)) & set("wxa+")
            inside = name == "fsync" or str(args[0]).startswith(str(folder))
            if writes and inside:
                points[0] += 1
                if points[0] == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return wrapped

    for owner, name in HOOKED:
        setattr(owner, name, wrap(getattr(owner, name), name))
    # pathlib keeps what it found in os and io when it was imported; these two go around them.
    pathlib.Path.open = lambda self, *a, **k: builtins.open(self, *a, **k)
    pathlib.Path.unlink = unlink
    return points


def unlink(self, missing_ok=False):
    try:
        os.unlink(self)
    except FileNotFoundError:
        if not missing_ok:
            raise


def digest(arrays):
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(f"{array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def fork(operation, folder, kill_at=0, seconds=None):
    """Runs an operation in a fork; returns {"digest", "points"}, None where it was killed."""
    answer = folder.with_suffix(".json")
    answer.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        sink = os.open(folder.with_suffix(".txt"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        try:
            points = hook(folder, kill_at)
            result = {"digest": digest(OPERATIONS[operation](folder)), "points": points[0]}
            answer.write_text(json.dumps(result))
        except BaseException as error:
            answer.write_text(json.dumps({"digest": f"{type(error).__name__}: {error}"}))
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return json.loads(answer.read_text()) if answer.exists() else None


def listing(folder):
    """Every file, the checksum in the name of a backup left out."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return sorted(name.split("-")[0] if "backup/epoch" in name else name for name in names)


def attack(operation, folder, expected, files, **how):
    """Kills, restarts, and compares; returns what is wrong, or None."""
    folder.mkdir()
    if operation == "export":  # there is an earlier bundle, which must survive
        assert fork(operation, folder)["digest"] == expected["digest"]
    killed = fork(operation, folder, **how) is None
    if operation == "export" and killed:
        left = [p for p in (folder / "phone", folder / ".phone.old") if p.exists()]
        if not left:
            return f"{how}: the earlier bundle is gone"
    again = fork(operation, folder)
    if again is None or again["digest"] != expected["digest"]:
        return f"{how}: {again and again['digest'][:300]}"
    extra = set(listing(folder)) ^ set(files)
    shutil.rmtree(folder)
    return f"{how}: other files {sorted(extra)}" if extra else None


def main():
    """See the module."""
    operation, tries, root = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
    root.mkdir(parents=True, exist_ok=True)
    folder, start = root / "undisturbed", time.perf_counter()
    folder.mkdir()
    expected = fork(operation, folder)
    duration, files = time.perf_counter() - start, listing(folder)
    assert expected and len(expected["digest"]) == 64, expected
    rng = random.Random(0)
    points = range(1, expected["points"] + 1)
    if len(points) > tries:
        points = sorted(rng.sample(points, tries))
    attacks = [{"kill_at": point} for point in points]
    attacks += [{"seconds": rng.uniform(0, duration)} for _ in range(min(10, tries))]
    found = (
        attack(operation, root / f"try{i}", expected, files, **a) for i, a in enumerate(attacks)
    )
    lost = [reason for reason in found if reason]
    print(json.dumps({"points": expected["points"], "tried": len(attacks), "lost": lost}))


if __name__ == "__main__":
    main()
