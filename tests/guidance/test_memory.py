"""The estimate of a step's memory, and what is free by the kernel's own files."""

import keras
import pytest

from tests.small import batch, compiled, lp, network
from tf_lpdistill import Distiller
from tf_lpdistill.guidance import memory
from tf_lpdistill.guidance.evidence import ensure_built, gather

MEMINFO = "MemTotal:       16000 kB\nMemFree:  100 kB\nMemAvailable:    8000 kB\n"


def computer(folder, **limits):
    """The files of a computer with 8000 kB free, in a container with these limits."""
    (folder / "meminfo").write_text(MEMINFO)
    for name, value in limits.items():
        (folder / f"memory.{name}").write_text(f"{value}\n")
    return {"meminfo": folder / "meminfo", "cgroup": folder}


def evidence(samples=16, student=None):
    data = [batch(samples)]
    distiller = compiled(Distiller(network(), student or network(), [lp()]))
    ensure_built(distiller, data)
    return gather(distiller, data, 1)


@pytest.mark.parametrize(
    ("limits", "free"),
    [
        ({}, 8000 * 1024),
        ({"max": "max", "current": 5}, 8000 * 1024),
        ({"max": 9000, "current": 2000}, 7000),
        ({"max": 9000, "current": 2000, "stat": "anon 5\ninactive_file 500"}, 7500),
        ({"max": 9000, "current": 9500}, 0),
        ({"max": 10**12, "current": 0}, 8000 * 1024),
    ],
)
def test_the_tighter_of_computer_and_container_counts(tmp_path, limits, free):
    assert memory.free_memory(**computer(tmp_path, **limits)) == free


def test_without_the_files_nothing_is_known(tmp_path):
    paths = {"meminfo": tmp_path / "none", "cgroup": tmp_path}
    assert memory.free_memory(**paths) is None
    (found,) = memory.look_at_memory(evidence(), **paths)
    assert found.severity == "note" and "what the device has free is not known" in found.what


def test_a_step_that_does_not_fit_is_a_warning(tmp_path):
    looked_at = evidence()
    needed = memory.step_memory(looked_at)
    (tight,) = memory.look_at_memory(looked_at, **computer(tmp_path, max=needed, current=0))
    assert tight.severity == "warning" and "Use a smaller batch" in tight.way_out
    (roomy,) = memory.look_at_memory(looked_at, **computer(tmp_path, max=2 * needed, current=0))
    assert roomy.severity == "note"


def test_a_student_in_half_precision_needs_less():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        half = network(width=64)
    finally:
        keras.config.set_dtype_policy("float32")
    whole, less = (memory.step_memory(evidence(256, s)) for s in (network(width=64), half))
    outputs = 2 * 256 * (6 + 64 + 3)  # numbers, with their gradients
    assert 2 * outputs * 0.9 < whole - less <= 2 * outputs
