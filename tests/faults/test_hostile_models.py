"""Hostile models: no code that a file brings along is run, whichever way it is loaded."""

import io
import json
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from given import classifiers
from tests.faults.archives import zip_bomb
from tests.small import compiled, network
from tf_lpdistill import Distiller, saving, tflite
from tf_lpdistill.losses import SoftTarget

CANARY = "canary"


def rewritten(path, change):
    """Writes a small model whose config.json `change` has spoilt."""
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, name="logits")])
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    change(config)
    members["config.json"] = json.dumps(config)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def layer(spoilt, /, **fields):
    spoilt["config"]["layers"][-1] |= fields


def lambda_layer(folder):
    """A Lambda layer that makes a file; its code is in the `.keras` file."""
    acting = keras.layers.Lambda(lambda x: open("canary", "w").close() or x, output_shape=(3,))
    keras.Sequential([keras.Input((6,)), keras.layers.Dense(3), acting]).save(folder / "m.keras")
    (folder / CANARY).unlink(missing_ok=True)
    return folder / "m.keras"


def foreign(module, name, /, **config):
    """A layer that is a function of the standard library, or one of Keras that acts."""

    def make(folder):
        fields = {"module": module, "class_name": name, "registered_name": None}
        values = {k: str(folder / CANARY) if v is CANARY else v for k, v in config.items()}
        return rewritten(folder / "m.keras", lambda c: layer(c, **fields, config=values))

    return make


def activation(module, name):
    def make(folder):
        function = {
            "module": module, "class_name": "function", "config": name, "registered_name": name
        }  # fmt: skip
        return rewritten(
            folder / "m.keras",
            lambda c: c["config"]["layers"][-1]["config"].update(activation=function),
        )

    return make


def written_by_a_saved_model(folder):
    """A SavedModel layer whose graph writes a file, inside a `.keras` file."""
    module = tf.Module()
    target = str(folder / CANARY)

    @tf.function(input_signature=[tf.TensorSpec((None, 6), tf.float32)])
    def call(x):
        tf.io.write_file(target, "here")
        return {"y": x[:, :3]}

    module.call = call
    tf.saved_model.save(module, folder / "s", signatures={"serve": call})
    fields = {
        "module": "keras.layers", "class_name": "TFSMLayer", "registered_name": None,
        "config": {"filepath": str(folder / "s"), "call_endpoint": "serve", "name": "t"},
    }  # fmt: skip
    return rewritten(folder / "m.keras", lambda c: layer(c, **fields))


MODELS = {
    "lambda": lambda_layer,
    "os.mkdir": foreign("os", "mkdir", path=CANARY),
    "subprocess.Popen": foreign("subprocess", "Popen", args=["touch", CANARY]),
    "builtins.open": foreign("builtins", "open", file=CANARY, mode="w"),
    "keras get_file": foreign("keras.utils", "get_file", fname=CANARY, origin="http://127.0.0.1:9"),
    "keras load_model": foreign("keras.saving", "load_model", filepath=CANARY),
    "torch wrapper": foreign("keras.layers", "TorchModuleWrapper", module="gASVAA=="),
    "unsafe switch": foreign("keras.config", "enable_unsafe_deserialization"),
    "os.system": activation("os", "system"),
    "builtins.exec": activation("builtins", "exec"),
    "saved model": written_by_a_saved_model,
}
LOADERS = {
    "saving.load_model": saving.load_model,
    "tflite.load_model": tflite.load_model,
    "Distiller.load": lambda path: Distiller.load(path, teacher=network()),
    "recipes": lambda path: classifiers.read_model("teacher", str(path)),
}


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("loader", LOADERS)
def test_code_in_a_keras_file_is_not_run(loader, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = MODELS[kind](tmp_path)
    with pytest.raises(ValueError, match=r"m\.keras"):
        LOADERS[loader](path)
    assert not (tmp_path / CANARY).exists()


def test_the_way_to_code_of_ones_own_is_a_flag_that_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = lambda_layer(tmp_path)
    with pytest.raises(ValueError, match="only by safe_mode=False, for a file that you trust"):
        saving.load_model(path)
    model = saving.load_model(path, safe_mode=False)
    model(np.zeros((1, 6), "float32"))
    assert (tmp_path / CANARY).exists()  # so the attack is real


def test_code_in_the_config_of_a_distiller_is_not_run(tmp_path):
    model = compiled(Distiller(network(), network(), [SoftTarget()]))
    model.save(tmp_path / "d.keras")
    with zipfile.ZipFile(tmp_path / "d.keras") as archive:
        config = json.loads(archive.read("config.json"))
    config["config"]["distillation_losses"][0] = {
        "module": "os", "class_name": "mkdir", "registered_name": None,
        "config": {"path": str(tmp_path / CANARY)},
    }  # fmt: skip
    with zipfile.ZipFile(tmp_path / "d2.keras", "w") as new:
        with zipfile.ZipFile(tmp_path / "d.keras") as old:
            for name in old.namelist():
                content = json.dumps(config) if name == "config.json" else old.read(name)
                new.writestr(name, content)
    with pytest.raises(ValueError, match=r"d2\.keras"):
        Distiller.load(tmp_path / "d2.keras", teacher=network())
    assert not (tmp_path / CANARY).exists()


def test_a_saved_model_is_looked_at_before_it_is_loaded(tmp_path):
    """A resource's initialiser runs while TensorFlow loads it, before any signature is seen."""
    target = str(tmp_path / CANARY)

    class Resource(tf.saved_model.experimental.TrackableResource):
        def _create_resource(self):
            return tf.raw_ops.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.int64)

        def _initialize(self):
            tf.io.write_file(target, "here")

    module = tf.Module()
    module.resource = Resource()
    spec = tf.TensorSpec((None, 8, 8, 3), tf.float32)
    module.call = tf.function(lambda x: {"y": x[:, 0, 0]}, input_signature=[spec])
    tf.saved_model.save(module, tmp_path / "s", signatures={"serving_default": module.call})
    (tmp_path / CANARY).unlink(missing_ok=True)
    with pytest.raises(ValueError, match=r"reads or writes files.*\['WriteFile'\]"):
        tflite.load_model(tmp_path / "s")
    assert not (tmp_path / CANARY).exists()
    tf.saved_model.load(str(tmp_path / "s"))
    assert (tmp_path / CANARY).exists()  # so the attack is real


@pytest.mark.parametrize("loader", LOADERS)
def test_a_model_that_is_a_decompression_bomb_is_refused(loader, tmp_path):
    with pytest.raises(ValueError, match="(?s)decompression bomb"):
        LOADERS[loader](zip_bomb(tmp_path / "a.keras"))


def spoil_weights(file, folder, attack):
    """Puts something else in the place of a kernel of an HDF5 file."""
    kernels = []
    file.visititems(
        lambda name, item: kernels.append(name) if getattr(item, "ndim", 0) == 2 else None
    )
    del file[kernels[0]]
    if attack == "bomb":  # a hundred kilobytes of zeros, packed
        file.create_dataset(kernels[0], (10**8,), "float32", chunks=(10**6,), compression="gzip")
        file[kernels[0]][: 10**6] = 0
        return
    with h5py.File(folder / "secret.h5", "w") as secret:
        secret["kernel"] = np.ones((6, 3), "float32")
    if attack == "link":
        file[kernels[0]] = h5py.ExternalLink(str(folder / "secret.h5"), "kernel")
    if attack == "virtual":
        layout = h5py.VirtualLayout((6, 3), "float32")
        layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), "kernel", (6, 3))
        file.create_virtual_dataset(kernels[0], layout)
    if attack == "external":
        stored = [(str(folder / "secret.h5"), 0, 72)]
        file.create_dataset(kernels[0], (6, 3), "float32", external=stored)


@pytest.mark.parametrize("attack", ["bomb", "link", "virtual", "external"])
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_the_weights_of_a_model_are_in_its_file_and_no_bomb(suffix, attack, tmp_path):
    """Keras itself unpacks up to 4 GiB an array before it compares the shapes."""
    path = rewritten(tmp_path / "m.keras", lambda config: None)
    if suffix == ".h5":
        model, path = saving.load_model(path), tmp_path / "m.h5"
        model.save(path)
        with h5py.File(path, "r+") as file:
            spoil_weights(file, tmp_path, attack)
    else:
        with zipfile.ZipFile(path) as archive:
            members = {name: io.BytesIO(archive.read(name)) for name in archive.namelist()}
        with h5py.File(members["model.weights.h5"], "r+") as file:
            spoil_weights(file, tmp_path, attack)
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content.getvalue())
    reason = "decompression bomb" if attack == "bomb" else "Not allowed"
    with pytest.raises(ValueError, match=rf"(?s)m\{suffix}.*{reason}|{reason}.*m\{suffix}"):
        tflite.load_model(path)


def test_packed_weights_in_numpy_s_format_are_no_bomb_either(tmp_path):
    path, packed = rewritten(tmp_path / "m.keras", lambda config: None), io.BytesIO()
    np.savez_compressed(packed, kernel=np.zeros(10**8, "float32"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("model.weights.npz", packed.getvalue())
    with pytest.raises(ValueError, match="decompression bomb"):
        tflite.load_model(path)
