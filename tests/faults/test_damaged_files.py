"""Damaged files: flipped, cut, spliced bytes are refused by name, or change nothing that is read.

One row a kind of file: how it is made, how it is read. What is read of a damaged file must be the
same as of the whole one, or an error that names the file.
"""

import dataclasses
import shutil
from collections.abc import Callable

import keras
import numpy as np
import pytest

from tests.small import batch, compiled, lp, network
from tf_lpdistill import (
    Distiller,
    NeighborGraph,
    Preprocessing,
    TeacherCache,
    data,
    models,
    saving,
    tflite,
)
from tf_lpdistill.backup import Backup


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
    "npz of images": Kind(write_images, read_images, ("d.npz",)),
}  # fmt: skip


def flip(content, rng):
    spoilt = bytearray(content)
    spoilt[rng.integers(len(content))] ^= 1 << rng.integers(8)
    return bytes(spoilt)


def cut(content, rng):
    return content[: rng.integers(len(content))]


def splice(content, rng):
    start, end = sorted(rng.integers(len(content), size=2))
    return content[:start] + content[end:]


def blank(content, rng):
    start = rng.integers(len(content))
    return content[:start] + bytes(min(512, len(content) - start)) + content[start + 512 :]


def grow(content, rng):
    return content + rng.bytes(17)


DAMAGES = (flip, cut, splice, blank, grow)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """`whole(kind)`: a folder with the files of the kind, and what is read of them."""
    made = {}

    def make(name):
        if name not in made:
            folder = tmp_path_factory.mktemp("whole")
            KINDS[name].write(folder)
            made[name] = folder, KINDS[name].read(folder)
        return made[name]

    return make


def same(found, expected):
    if len(found) != len(expected):
        return False
    return all(
        np.array_equal(a, b, equal_nan=True) if isinstance(a, np.ndarray) else a == b
        for a, b in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("name", KINDS)
def test_refused_by_name_or_read_as_it_was(name, whole, tmp_path, tries, record_property):
    kind, rng = KINDS[name], np.random.default_rng(len(name))
    folder, expected = whole(name)
    lost, refused = [], 0
    for number in range(tries):
        copy = tmp_path / str(number)
        shutil.copytree(folder, copy)
        paths = sorted(path for pattern in kind.files for path in copy.glob(pattern))
        path, damage = paths[number % len(paths)], DAMAGES[number % len(DAMAGES)]
        path.write_bytes(damage(path.read_bytes(), rng))
        try:
            if not same(kind.read(copy), expected):
                lost.append(f"{damage.__name__} of {path.name}: read as something else")
        except kind.errors as error:
            refused += 1
            named = path.name in str(error) or path.parent.name in str(error)
            if not named:
                lost.append(f"{damage.__name__} of {path.name}: {type(error).__name__} {error}")
        except Exception as error:
            lost.append(f"{damage.__name__} of {path.name}: {type(error).__name__} {error}")
        shutil.rmtree(copy)
    record_property("tried", tries)
    record_property("lost", len(lost))
    assert not lost, "\n".join(lost)
    assert refused  # a reader that refuses nothing sees nothing
