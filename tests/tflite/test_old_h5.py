"""Each fault of old files is put into a real .h5 with weights, shown to stop Keras, and cured."""

import importlib.util
import json
import os
import subprocess
import sys

import h5py
import keras
import numpy as np
import pytest

from tf_lpdistill import tflite
from tf_lpdistill.tflite import old_h5


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(6)
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.DepthwiseConv2D(3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(4),
        ],
        name="old",
    )


def groups(config, attributes):
    config["config"]["layers"][1]["config"]["groups"] = 1


def old_optimizer(config, attributes):
    settings = {"class_name": "Adam", "config": {"lr": 0.001}}
    attributes["training_config"] = json.dumps({"loss": "mse", "optimizer_config": settings})


def dtype_of_an_initializer(config, attributes):
    config["config"]["layers"][3]["config"]["kernel_initializer"] = {
        "class_name": "GlorotUniform",
        "config": {"seed": None, "dtype": "float32"},
    }


def list_of_layers(config, attributes):
    config["config"] = config["config"]["layers"]


def batch_input_shape(config, attributes):
    del config["config"]["layers"][0]
    config["config"]["layers"][0]["config"]["batch_input_shape"] = [None, 8, 8, 3]


# Each with what Keras 3 says of it.
FAULTS = {
    groups: "'groups'",
    dtype_of_an_initializer: "unexpected keyword argument 'dtype'",
    list_of_layers: "pop expected at most 1 argument",
    # It takes the batch for one more side of the picture.
    batch_input_shape: "Kernel shape must have the same length as input",
}


def aged(model, path, *changes):
    """Saves `model` as `.h5` and puts faults of Keras 2 into the configuration."""
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        for change in changes:
            change(config, file.attrs)
        file.attrs["model_config"] = json.dumps(config)
    return path


def assert_same(loaded, network):
    images = np.random.default_rng(0).random((5, 8, 8, 3), "float32")
    expected = network.predict(images, verbose=0)
    np.testing.assert_allclose(loaded.predict(images, verbose=0), expected, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`:UserWarning")
@pytest.mark.parametrize(("fault", "message"), FAULTS.items())
def test_a_fault_that_stops_keras_is_repaired(network, tmp_path, fault, message):
    path = aged(network, tmp_path / "m.h5", fault)
    before = path.read_bytes()
    with pytest.raises((TypeError, ValueError), match=message):
        keras.saving.load_model(path, compile=False)
    assert_same(tflite.load_model(path), network)
    assert path.read_bytes() == before, "the file is not touched"


def test_an_old_optimizer_is_left_out(network, tmp_path):
    path = aged(network, tmp_path / "m.h5", old_optimizer)
    with pytest.raises(ValueError, match="not recognized: .*'lr'"):
        keras.saving.load_model(path)
    loaded = tflite.load_model(path)
    assert not loaded.compiled
    assert_same(loaded, network)


def test_all_faults_at_once(network, tmp_path):
    faults = [groups, old_optimizer, dtype_of_an_initializer, batch_input_shape]
    path = aged(network, tmp_path / "m.h5", *faults, list_of_layers)
    os.chmod(path, 0o400)
    assert_same(tflite.load_model(path), network)


def test_a_fault_inside_a_nested_model(network, tmp_path):
    inputs = keras.Input((8, 8, 3))
    outer = keras.Model(inputs, keras.layers.Softmax()(network(inputs)))

    def nested(config, attributes):
        (inner,) = (
            part for part in config["config"]["layers"] if part["class_name"] == "Sequential"
        )
        groups(inner, attributes)
        batch_input_shape(inner, attributes)

    assert_same(tflite.load_model(aged(outer, tmp_path / "m.h5", nested)), outer)


KERAS_2 = """
import sys
import numpy, tf_keras
tf_keras.utils.set_random_seed(1)
model = tf_keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=5)
model.compile(tf_keras.optimizers.legacy.SGD(lr=0.1), "categorical_crossentropy")
model.save(sys.argv[1] + "/m.h5")
images = numpy.random.default_rng(0).random((4, 96, 96, 3), "float32")
numpy.savez(sys.argv[1] + "/m.npz", x=images, y=model.predict(images, verbose=0))
"""


@pytest.mark.slow
def test_a_file_that_keras_2_wrote(tmp_path):
    if importlib.util.find_spec("tf_keras") is None:
        pytest.skip("Keras 2, the package tf_keras, is not installed")
    subprocess.run([sys.executable, "-c", KERAS_2, str(tmp_path)], check=True)
    with pytest.raises((TypeError, ValueError), match="'groups'"):
        keras.saving.load_model(tmp_path / "m.h5")
    loaded, arrays = tflite.load_model(tmp_path / "m.h5"), np.load(tmp_path / "m.npz")
    np.testing.assert_allclose(loaded.predict(arrays["x"], verbose=0), arrays["y"], atol=1e-6)


def test_the_configuration_of_a_new_file_stays(network):
    config = json.loads(network.to_json())
    assert old_h5.repair(config) == config


def test_weights_alone_are_not_a_model(network, tmp_path):
    network.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ValueError, match="holds weights only.*Build the model in Python"):
        tflite.load_model(tmp_path / "m.weights.h5")


def test_a_cut_file(network, tmp_path):
    network.save(tmp_path / "m.h5")
    data = (tmp_path / "m.h5").read_bytes()
    (tmp_path / "m.h5").write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"cut or is no HDF5 .*Received: model=.*m\.h5"):
        tflite.load_model(tmp_path / "m.h5")
