"""The kinds of files that attacks damage: how each is made, and what is read of it."""

import dataclasses
import pathlib
import types
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from locality.records import Job, Records
from search import journal, tuning
from tests.small import batch, compiled, lp, network
from tf_lpdistill import (
    Distiller,
    NeighborGraph,
    Preprocessing,
    TeacherCache,
    data,
    models,
    report,
    saving,
    tflite,
)
from tf_lpdistill.backup import Backup
from tf_lpdistill.compression.state import State, fingerprint
from tf_lpdistill.compression.training import Training
from tf_lpdistill.report.answers import read_answers


def write_cache(folder):
    arrays = np.random.default_rng(0).normal(size=(2, 20, 5))
    TeacherCache.from_arrays(
        folder / "cache", dict(zip(("logits", "features"), arrays, strict=True))
    )


def read_cache(folder):
    cache = TeacherCache.open(folder / "cache")
    return [np.array(array) for array in cache.store.arrays.values()] + [repr(cache.layer_names)]


def write_graph(folder):
    features = np.random.default_rng(0).normal(size=(30, 4)).astype("float32")
    NeighborGraph.build(features, 3).save(folder / "graph.npz")


def read_graph(folder):
    return [repr(value) for value in dataclasses.astuple(NeighborGraph.load(folder / "graph.npz"))]


def write_distiller(folder):
    keras.utils.set_random_seed(1)
    model = compiled(Distiller(network(), network(), [lp()]))
    model.fit(*batch(), verbose=0)
    model.save(folder / "d.keras")


def read_distiller(folder):
    keras.utils.set_random_seed(1)
    model = Distiller.load(folder / "d.keras", teacher=network())
    return [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]


def write_model(folder):
    keras.utils.set_random_seed(1)
    network().save(folder / "m.keras")


def read_model(folder):
    return saving.load_model(folder / "m.keras").get_weights()


def write_backup(folder):
    keras.utils.set_random_seed(1)
    model = compiled(Distiller(network(), network(), [lp()]))
    model.fit(*batch(), verbose=0, callbacks=[Backup(folder / "backup")])


def read_backup(folder):
    keras.utils.set_random_seed(1)
    model = compiled(Distiller(network(), network(), [lp()]))
    epoch = Backup(folder / "backup").restore(model)
    return [epoch, *model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]


def write_bundle(folder):
    tflite.export_bundle(
        models.digits_student(),
        folder / "phone",
        labels=list("0123456789"),
        preprocessing=Preprocessing((8, 8), "grayscale", "0..1"),
        precisions=["float32"],
    )


def read_bundle(folder):
    bundle = tflite.Bundle.open(folder / "phone")
    files = [path.read_bytes() for path in bundle.files.values()]
    return [*files, bundle.labels, repr(bundle.preprocessing), bundle.softmax_added]


def write_images(folder):
    digits = data.load_digits().test
    np.savez(folder / "d.npz", x=digits.images[:40], y=digits.labels[:40])


def read_images(folder):
    train = data.load_npz(folder / "d.npz").train
    return [train.images, train.labels]


def write_folder(folder):
    digits = data.load_digits().test
    for number, (pixels, label) in enumerate(zip(digits.images[:60], digits.labels, strict=False)):
        path = folder / "photos" / f"class_{label % 2}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tf.io.encode_png(pixels).numpy())


def read_folder(folder):
    """The images by their splits; a file that was left out is an error, with the reason."""
    images, skipped = data.load_image_folder(folder / "photos", (8, 8), "grayscale", (1.0, 0, 0))
    if skipped:
        raise ValueError(str(skipped))
    return [images.train.images, images.train.labels]


def compression_state(folder):
    """The student and the state of a verb that runs in the folder."""
    keras.utils.set_random_seed(1)
    student = network()
    batches = tf.data.Dataset.from_tensor_slices(batch()).batch(8)
    training = Training(batches, None, 2, None, 1e-3, folder / "state", 0)
    return student, State(training, "verb", fingerprint(student.get_weights()), student.variables)


def write_state(folder):
    student, state = compression_state(folder)
    for variable in student.variables:
        variable.assign(variable + 1)
    state.keep(1)


def read_state(folder):
    student, state = compression_state(folder)
    return [state.restore(), *student.get_weights()]


def write_answers(folder):
    test, rng = data.load_digits().test, np.random.default_rng(0)
    outputs = {name: rng.normal(size=(len(test), 10)) for name in ("teacher", "student")}
    report.write_answers(folder / "answers.npz", test.images, test.labels, outputs, outputs)


def read_answers_again(folder):
    return [repr(dataclasses.astuple(read_answers(folder / "answers.npz", 10)))]


def write_record(folder):
    job = Job("final", "digits_plain", "kd_lp", {"learning_rate": 0.01}, 3)
    Records(folder).write(job, {"validation_accuracy": 0.925, "test_accuracy": 0.911, "epochs": 60})


def read_record(folder):
    return [repr(Records(folder).read())]


@dataclasses.dataclass(frozen=True)
class Judge:
    """Stands for a `Comparison` whose students need no training: the less KD, the better."""

    folder: pathlib.Path
    methods: dict | None = None
    seeds: tuple[int, ...] = (0,)

    @property
    def trainer(self):
        run = types.SimpleNamespace(path=self.folder.joinpath)
        return types.SimpleNamespace(run=run, batch_size=50)

    def run(self):
        ((key, method),) = self.methods.items()
        return {key: [{"validation_accuracy": 1 / (1 + method.terms[0].weight)}]}


def search(folder, number):
    pairs = [("a", "a"), ("b", "b")]
    study = tuning.Search(Judge(folder), pairs, {"a": 1.0, "b": 2.0}).run(number)
    return [repr([(trial.params, trial.value) for trial in journal.judged(study)])]


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of file.

    Args:
        write: `write(folder)` makes it.
        read: `read(folder)` returns a list of what was read.
        files: patterns of the files that are damaged.
        errors: what may be raised, its text with the name of the file or its folder.
    """

    write: Callable
    read: Callable
    files: tuple[str, ...]
    errors: tuple = (ValueError,)


KINDS = {
    "teacher cache": Kind(
        write_cache, read_cache, ("cache/*.npy", "cache/*.json"), (ValueError, FileNotFoundError)
    ),
    "neighbour graph": Kind(write_graph, read_graph, ("graph.npz",)),
    "distiller": Kind(write_distiller, read_distiller, ("d.keras",)),
    "keras model": Kind(write_model, read_model, ("m.keras",)),
    "backup": Kind(write_backup, read_backup, ("backup/*.h5",)),
    "phone bundle": Kind(
        write_bundle, read_bundle, ("phone/*.tflite", "phone/labels.txt", "phone/bundle.json")
    ),
    "compression state": Kind(write_state, read_state, ("state/state.npz",)),
    "answers of a report": Kind(write_answers, read_answers_again, ("answers.npz",)),
    "run of a study": Kind(write_record, read_record, ("runs/*.json",)),
    # What is cut off is searched again, and found as it was.
    "journal of a search": Kind(
        lambda folder: search(folder, 4), lambda folder: search(folder, 4), ("trials.journal",)
    ),
    "npz of images": Kind(write_images, read_images, ("d.npz",)),
    "folder of images": Kind(write_folder, read_folder, ("photos/*/*.png",)),
}  # fmt: skip

# Those whose `write` makes the file anew, and needs no more than it.
WRITERS = (
    "neighbour graph", "distiller", "backup", "phone bundle", "compression state",
    "answers of a report", "run of a study",
)  # fmt: skip


def same(found, expected):
    if len(found) != len(expected):
        return False
    return all(
        np.array_equal(a, b, equal_nan=True) if isinstance(a, np.ndarray) else a == b
        for a, b in zip(found, expected, strict=True)
    )


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
