"""What is left of a GPU: TensorFlow's devices and NVIDIA's tool are stand-ins, the rest is real."""

import types

import pytest
import tensorflow as tf

from tests.guidance.test_memory import evidence
from tf_lpdistill.guidance import memory
from tf_lpdistill.guidance.gpu import free_gpu_memory

MIB, GIB = 2**20, 2**30
TOOL = "#!/bin/sh\n[ \"$1\" = --query-gpu=name,memory.total ] && printf '{}'\n"


@pytest.fixture
def computer(monkeypatch, tmp_path):
    """Returns a function that gives the computer GPUs: `computer(tool's lines, names, ...)`."""

    def build(lines, names, used=0, limit=None, parts=1):
        tool = tmp_path / "nvidia-smi"
        tool.write_text(TOOL.format(lines))
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        devices = [types.SimpleNamespace(name=name) for name in names]
        logical = [types.SimpleNamespace(name=f"GPU:{i}") for i in range(parts * len(names))]
        limits = None if limit is None else [types.SimpleNamespace(memory_limit=limit)]
        stand_ins = {
            "get_visible_devices": lambda kind: devices,
            "list_logical_devices": lambda kind: logical,
            "get_logical_device_configuration": lambda device: limits,
            "experimental.get_device_details": lambda device: {"device_name": device.name},
            "experimental.get_memory_info": lambda name: {"current": used, "peak": 9 * GIB},
        }
        for name, function in stand_ins.items():
            owner, _, name = name.rpartition(".")
            monkeypatch.setattr(getattr(tf.config, owner) if owner else tf.config, name, function)

    return build


def test_the_size_of_the_gpu_less_what_tensorflow_uses(computer):
    computer("Tiny RTX, 8192\\n", ["Tiny RTX"], used=3 * GIB)
    assert free_gpu_memory() == 5 * GIB


def test_the_fullest_of_the_visible_gpus_counts_and_others_do_not(computer):
    computer("Small, 1024\\nBig, 8192\\nMiddle, 4096\\nBig, 8000\\n", ["Big", "Middle"])
    assert free_gpu_memory() == 4 * GIB
    computer("Big, 8192\\nBig, 8000\\n", ["Big"])
    assert free_gpu_memory() == 8000 * MIB  # which of the two it is is not known


def test_a_limit_of_the_programs_own_counts(computer):
    computer("Big, 8192\\n", ["Big"], used=GIB, limit=2048.0)
    assert free_gpu_memory() == GIB
    computer("Big, 8192\\n", ["Big"], used=3 * GIB, limit=2048)
    assert free_gpu_memory() == 0


@pytest.mark.parametrize(
    "setting",
    [
        {"lines": "NVIDIA H100, 81559\\n", "names": ["NVIDIA H100 MIG 1g.10gb"]},
        {"lines": "Big, [N/A]\\n", "names": ["Big"]},
        {"lines": "\\n", "names": ["Big"]},
        {"lines": "Big, 8192\\n", "names": ["Big"], "parts": 2},
        {"lines": "Big, 8192\\n", "names": []},
    ],
    ids=["part of a GPU", "no number", "no answer", "split", "no GPU"],
)
def test_what_is_not_known_is_not_guessed(computer, setting):
    computer(**setting)
    assert free_gpu_memory() is None


def test_without_the_tool_and_with_an_allocator_that_does_not_count(computer, monkeypatch):
    computer("Big, 8192\\n", ["Big"])
    assert free_gpu_memory() == 8 * GIB
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        assert free_gpu_memory() is None

    def refuse(name):
        raise ValueError("Memory statistics not tracked")

    monkeypatch.setattr(tf.config.experimental, "get_memory_info", refuse)
    assert free_gpu_memory() is None


def test_the_check_compares_with_the_gpu(computer, tmp_path):
    looked_at = evidence()
    needed = memory.step_memory(looked_at)
    nothing = {"meminfo": tmp_path / "none", "cgroup": tmp_path}  # the computer does not count
    computer("Big, 8192\\n", ["Big"], used=8 * GIB - needed)
    (tight,) = memory.look_at_memory(looked_at, **nothing)
    assert tight.severity == "warning" and "TeacherCache" in tight.way_out
    assert " on each GPU; at most " in tight.what and tight.what.endswith("are free.")
    computer("Big, 8192\\n", ["Big"])
    (roomy,) = memory.look_at_memory(looked_at, **nothing)
    assert roomy.severity == "note" and "at most 8.0 GB are free." in roomy.what
    computer("Big, 8192\\n", ["Big MIG"])
    (unknown,) = memory.look_at_memory(looked_at, **nothing)
    assert unknown.severity == "note" and "is not known here" in unknown.what


def test_replicas_share_the_batch():
    looked_at = evidence(samples=256)
    halves = memory.step_memory(looked_at, replicas=2)
    assert memory.step_memory(evidence(samples=128)) <= halves < memory.step_memory(looked_at)
