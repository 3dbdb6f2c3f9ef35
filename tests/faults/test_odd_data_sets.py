"""Data sets that end early, never end, fail midway, are ragged, or change; the same seed twice."""

import itertools
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.small import batch, compiled, lp, network
from tf_lpdistill import Distiller
from tf_lpdistill.losses import SoftTarget

X, Y = batch(40)


def distiller():
    return compiled(Distiller(network(), network(), [SoftTarget(), lp()]))


def generated(epochs, fail_at=None):
    """A data set whose passes have these numbers of batches of 8."""
    passes = itertools.cycle(epochs)

    def generate():
        for number in range(next(passes)):
            if number == fail_at:
                raise ValueError("the disk was taken away")
            yield X[8 * number : 8 * number + 8], Y[8 * number : 8 * number + 8]

    spec = tf.TensorSpec((None, 6), tf.float32), tf.TensorSpec((None,), tf.int64)
    return tf.data.Dataset.from_generator(generate, output_signature=spec)


def test_one_that_ends_early_is_named():
    model = distiller()
    with pytest.warns(UserWarning, match="ran out of data"):
        model.fit(generated([3]), steps_per_epoch=5, verbose=0, shuffle=False)
    assert model.optimizer.iterations.numpy() == 3


def test_one_that_never_ends_is_cut_by_the_steps():
    model = distiller()
    endless = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8).repeat()
    model.fit(endless, steps_per_epoch=3, epochs=2, verbose=0, shuffle=False)
    assert model.optimizer.iterations.numpy() == 6


@pytest.mark.parametrize("fail_at", [0, 2])
def test_one_that_fails_midway_says_its_own_reason(fail_at):
    model = distiller()
    with pytest.raises(Exception, match="the disk was taken away"):
        model.fit(generated([5], fail_at), verbose=0, shuffle=False)
    assert model.optimizer.iterations.numpy() == fail_at
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_one_of_ragged_rows_is_refused():
    rows = tf.ragged.constant([[1.0] * 6, [1.0] * 5, [1.0] * 6])
    ragged = tf.data.Dataset.from_tensors((rows, Y[:3]))
    with pytest.raises(ValueError, match=r"takes inputs of shape \(None, 6\).*\(3, None\)"):
        distiller().fit(ragged, verbose=0, shuffle=False)


def test_one_that_changes_its_length_trains_on_all_of_it():
    model = distiller()
    for length in (5, 3, 4):
        rows = tf.data.Dataset.from_tensor_slices((X[: 8 * length], Y[: 8 * length]))
        model.fit(rows.batch(8), verbose=0, shuffle=False)
    assert model.optimizer.iterations.numpy() == 12


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # Keras, of any generator
@pytest.mark.parametrize(
    ("lengths", "steps"),
    [([5, 3, 4], 12), ([3, 5, 4], 11)],  # Keras cuts an epoch at one batch more than the first had
)
def test_one_that_changes_its_length_between_epochs(lengths, steps):
    model = distiller()
    logs = model.fit(generated(lengths), epochs=3, verbose=0, shuffle=False).history
    assert model.optimizer.iterations.numpy() == steps
    assert all(np.isfinite(values).all() for values in logs.values())


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # Keras, of any generator
def test_the_end_of_data_of_unknown_length_is_no_step():
    model = distiller()  # plain Keras 3.15 counts 8 here, and its schedules run ahead
    model.fit(generated([3, 3]), epochs=2, verbose=0, shuffle=False)
    assert model.optimizer.iterations.numpy() == 6


PROGRAM = """
import hashlib, json, keras, tensorflow as tf
from tests.small import batch, compiled, lp, network
from tf_lpdistill import Distiller
from tf_lpdistill.losses import SoftTarget
tf.config.experimental.enable_op_determinism()
keras.utils.set_random_seed(5)
model = compiled(Distiller(network(), network(dropout=0.5, norm=True), [SoftTarget(), lp()]))
logs = model.fit(*batch(40), batch_size=8, epochs=3, verbose=0).history
sha = hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest()
print(json.dumps([sha, logs]))
"""


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_in_two_processes():
    environment = os.environ | {"PYTHONPATH": str(pathlib.Path(__file__).parents[2])}
    runs = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment,
            check=True,
        ).stdout.splitlines()[-1]
        for _ in range(2)
    ]  # fmt: skip
    assert json.loads(runs[0]) == json.loads(runs[1])
