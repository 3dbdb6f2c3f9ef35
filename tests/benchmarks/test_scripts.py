"""Every benchmark runs in its quick mode, and writes its page; no figure is looked at."""

import functools
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "benchmarks"
ELSEWHERE = {"torch_beside", "reliability"}  # needs another Python; an hour, `make torture`
# A benchmark is a script that hands its `measure` to `common.main`: found, not listed.
SCRIPTS = [
    path
    for path in sorted(FOLDER.glob("*.py"))
    if "common.main(" in path.read_text() and path.stem not in ELSEWHERE
]


def run(script, *flags):
    environment = os.environ | {"PYTHONPATH": str(FOLDER.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.run(
        [sys.executable, str(script), *flags],
        capture_output=True, text=True, env=environment, timeout=300, check=False,
    )  # fmt: skip


def benchmarks_of_make(*variables):
    command = ["make", "--dry-run", "bench", *variables]
    done = subprocess.run(
        command, cwd=FOLDER.parent, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return sorted(re.findall(r"python benchmarks/(\w+)\.py(.*)", done.stdout))


def test_make_bench_runs_them_all_where_a_teacher_is_given():
    found = dict(benchmarks_of_make("CIFAR_TEACHER=t.keras"))
    assert list(found) == [path.stem for path in SCRIPTS]
    given = {name for name, flags in found.items() if flags.strip() == "--cifar_teacher t.keras"}
    assert given == {"layers", "balance"}
    assert set(found) - set(dict(benchmarks_of_make())) == given


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A function that runs a script in its quick mode, once, and returns (page, record, stdout)."""

    @functools.cache
    def run_once(name):
        folder = tmp_path_factory.mktemp(name)
        done = run(FOLDER / f"{name}.py", "--quick", f"--out_dir={folder}")
        assert done.returncode == 0, done.stderr[-3000:]
        page = (folder / f"{name}.md").read_text(encoding="utf-8")
        record = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        return page, record, done.stdout

    return run_once


@pytest.mark.slow
@pytest.mark.parametrize("name", [script.stem for script in SCRIPTS])
def test_quick_mode_writes_a_table_with_its_command(name, quick):
    page, record, printed = quick(name)
    assert f"`python benchmarks/{name}.py --quick`" in page and page in printed
    assert record["machine"]["cores"] == os.cpu_count() and record["seconds"] > 0
    for caption, rows in record["tables"].items():
        assert caption in page and rows
        assert all(row.keys() == rows[0].keys() for row in rows)


@pytest.mark.slow
def test_the_exact_graph_finds_all_and_the_one_after_pca_fewer(quick):
    (rows,) = quick("graph")[1]["tables"].values()
    recalls = {row["method"]: row["recall"] for row in rows}
    assert recalls["tensorflow"] == 1.0 and 0.3 < recalls["PCA to 8, tensorflow"] < 1.0
    assert all((row["n"], row["d"]) == (300, 40) for row in rows)


@pytest.mark.slow
def test_a_cache_grows_with_its_images(quick):
    growth, steps, building = quick("cache")[1]["tables"].values()
    per_image = 2 * (10 + 16384) / 1e6
    for row in growth:
        assert row["MB"] == pytest.approx(row["images"] * per_image, abs=0.51)
    kinds = ["student alone", "on the cache, KD", "on the cache, KD + LP", "live teacher, KD + LP"]
    assert [row["step"] for row in steps] == kinds
    assert building[0]["images"] == 8 * 3  # batches of the epoch


@pytest.mark.slow
def test_the_loss_of_8192_samples_needs_less_than_two_gigabytes():
    # All of the process, TensorFlow included. One (n, n) float32 matrix alone would be 256 MiB.
    program = (
        "import common, json; print(json.dumps(common.peak_memory('loss', 'work', 8192, 1024, 5)))"
    )
    environment = os.environ | {"PYTHONPATH": f"{FOLDER}{os.pathsep}{FOLDER.parent}"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    added, whole, finite = json.loads(done.stdout.splitlines()[-1])
    assert 32 < added < whole < 2e9 / 2**20 and finite


def test_help_teaches_and_a_wrong_flag_is_told():
    done = run(FOLDER / "balance.py", "--help")
    assert "python benchmarks/balance.py --cifar_teacher" in done.stdout
    assert all(flag in done.stdout for flag in ("--out_dir", "--[no]quick", "--cifar_teacher:"))
    done = run(FOLDER / "loss.py", "--nonsense")
    assert "Unknown command line flag" in done.stderr + done.stdout


def test_the_comparison_with_pytorch_wants_a_python_with_pytorch():
    done = run(FOLDER / "torch_beside.py")
    assert done.returncode != 0
    assert "--torch_python must name a Python that can import torch" in done.stderr + done.stdout
