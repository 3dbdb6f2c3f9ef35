import shutil

import pytest

from tf_lpdistill import tflite
from tf_lpdistill.tflite import litert_tool
from tf_lpdistill.tflite.benchmark import _times, cpu_name


@pytest.fixture
def bundle(phone, tmp_path):
    shutil.copytree(phone.directory, tmp_path / "copy")
    return tflite.Bundle.open(tmp_path / "copy")


def test_sizes_and_latency(bundle):
    result = tflite.benchmark(bundle, runs=20)
    assert list(result) == list(bundle.files)
    for precision, row in result.items():
        assert row["bytes"] == bundle.files[precision].stat().st_size
        assert 0 < row["zipped_bytes"] < row["bytes"]
        assert 0 < row["latency_ms"] <= row["latency_p95_ms"] < 1000


def test_it_is_recorded_as_the_hosts(bundle):
    result = tflite.benchmark(bundle, runs=3, threads=2)
    host = bundle.facts()["host_benchmark"]
    assert host == {"cpu": cpu_name(), "threads": 2, "runs": 3, "files": result}
    card = (bundle.directory / "MODEL_CARD.md").read_text()
    assert "Host latency: median of 3 runs, 2 thread" in card
    assert "not a phone's latency" in card


def test_warm_up_runs_are_not_counted():
    class Counted:
        input_shape = (1, 8, 8, 3)
        invoked = 0

        def load(self, image):
            assert image.shape == (8, 8, 3)

        def invoke(self):
            self.invoked += 1

    runner = Counted()
    assert len(_times(runner, 7)) == 7
    assert runner.invoked > 7


def test_the_tool_of_litert_is_asked_where_it_is_there(bundle, monkeypatch):
    assert litert_tool.find_tool(), "it comes with ai-edge-litert"
    result = litert_tool.measure(bundle.files["float32"], 5, 1)
    assert 0.0 <= result["latency_ms"] <= result["latency_p95_ms"] < 1000
    assert litert_tool.measure("nowhere.tflite", 5, 1) is None
    monkeypatch.setattr(litert_tool, "find_tool", lambda: None)
    assert litert_tool.measure(bundle.files["float32"], 5, 1) is None


def test_the_command_for_a_phone():
    assert tflite.phone_command("my phone/s_int8.tflite", runs=20, threads=2) == (
        "adb push 'my phone/s_int8.tflite' /data/local/tmp/ && adb shell "
        "/data/local/tmp/benchmark_model --graph=/data/local/tmp/s_int8.tflite "
        "--num_threads=2 --num_runs=20 --use_xnnpack=true"
    )


@pytest.mark.parametrize("options", [{"runs": 0}, {"threads": 0}, {"runs": 2.5}, {"runs": True}])
def test_wrong_numbers_are_refused(bundle, options):
    with pytest.raises(ValueError, match="must be a positive integer. Received: "):
        tflite.benchmark(bundle, **options)


def test_the_cpu_has_a_name():
    assert cpu_name().strip()
