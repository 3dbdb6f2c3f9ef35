"""Builds that are killed, go on, and refuse what is not theirs."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tf_lpdistill.graph import NeighborGraph, archive

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = """
import sys, time
import numpy as np
from tf_lpdistill.graph import NeighborGraph, checkpoint
write = checkpoint.archive.write
def slowly(*arguments):  # leaves the time to be killed in
    write(*arguments)
    time.sleep(0.3)
checkpoint.archive.write = slowly
features = np.load(sys.argv[1], mmap_mode="r")
NeighborGraph.build(features, 10, pca=16, block_size=64, directory=sys.argv[2])
"""


def snapshot(directory):
    return {path.name: path.stat().st_mtime_ns for path in directory.iterdir()}


@pytest.mark.slow
def test_a_killed_build_goes_on_to_the_same_graph(digit_images, tmp_path):
    features, directory = tmp_path / "features.npy", tmp_path / "blocks"
    np.save(features, digit_images)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, features, directory],
        env=environment, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not (directory / "neighbours_00003.npz").exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = snapshot(directory)
    assert 5 <= len(kept) < 17  # the projection and some of 16 blocks
    arguments = {"num_neighbors": 10, "pca": 16, "block_size": 64}
    resumed = NeighborGraph.build(digit_images, directory=directory, **arguments)
    assert kept.items() <= snapshot(directory).items()  # not computed again
    whole = NeighborGraph.build(digit_images, **arguments)
    np.testing.assert_array_equal(resumed.indices, whole.indices)
    np.testing.assert_array_equal(resumed.squared_distances, whole.squared_distances)
    assert resumed.recall == whole.recall


def test_a_damaged_block_is_computed_again(digit_images, tmp_path):
    first = NeighborGraph.build(digit_images, 5, block_size=300, directory=tmp_path)
    before = snapshot(tmp_path)
    path = tmp_path / "neighbours_00002.npz"
    path.write_bytes(path.read_bytes()[:-50])
    second = NeighborGraph.build(digit_images, 5, block_size=300, directory=tmp_path)
    np.testing.assert_array_equal(first.indices, second.indices)
    changed = {name for name, time in snapshot(tmp_path).items() if before[name] != time}
    assert changed == {"neighbours_00002.npz"}
    archive.read(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_neighbors": 6}, "another num_neighbors"),
        ({"block_size": 200}, "another block_size"),
        ({"features": 1.0}, "another fingerprint"),
    ],
)
def test_the_folder_of_another_build_is_refused(digit_images, tmp_path, change, message):
    arguments = {"num_neighbors": 5, "block_size": 300, "directory": tmp_path}
    NeighborGraph.build(digit_images, **arguments)
    before = snapshot(tmp_path)
    changed = digit_images.copy()
    changed[-1, 0, 0, 0] += change.pop("features", 0.0)
    with pytest.raises(ValueError, match=f"belongs to another build.*Received: {message}$"):
        NeighborGraph.build(changed, **{**arguments, **change})
    assert snapshot(tmp_path) == before
