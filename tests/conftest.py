"""Four CPU devices, quiet logs, and the same seeds before every test."""

import os
import pathlib

# All are read once, while TensorFlow and Keras are imported.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"
if "PYTEST_XDIST_WORKER" in os.environ:
    # One of several processes: more threads than cores would only wait for each other. Programs
    # that tests start inherit it.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import keras
import pytest
import tensorflow as tf


def pytest_configure(config):
    """Shows the suite the same four CPUs everywhere, even on a laptop; GPUs to tests/gpu."""
    if [pathlib.Path(argument).name for argument in config.args] == ["gpu"]:
        return
    tf.config.set_visible_devices([], "GPU")
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 4
    )


@pytest.fixture(autouse=True)
def fresh_keras():
    """Every test starts from the same seeds and leaves the float policy as it found it."""
    keras.utils.set_random_seed(0)
    policy = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(policy)


@pytest.fixture(scope="session")
def mirrored():
    """A `MirroredStrategy` over two logical CPUs: two replicas."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture(scope="session")
def mirrored4():
    """A `MirroredStrategy` over four logical CPUs: four replicas."""

    class Four(tf.distribute.MirroredStrategy):
        # TensorFlow numbers the groups of each strategy from here, and refuses that a group of two
        # replicas and one of four in the same process have the same number.
        _collective_key_base = 1000

    return Four([f"CPU:{index}" for index in range(4)])


@pytest.fixture(scope="session")
def digits():
    """The embedded digits, whole."""
    from tf_lpdistill.data import load_digits

    return load_digits()


@pytest.fixture(scope="session")
def real_data_dir():
    """The folder of real data sets named by LPDISTILL_DATA; skips the test without it."""
    directory = os.environ.get("LPDISTILL_DATA")
    if not directory:
        pytest.skip("LPDISTILL_DATA names no folder of real data")
    return directory
