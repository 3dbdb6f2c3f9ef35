"""A full or failing disk, and two processes at once: a clear error, and earlier files unharmed."""

import contextlib
import errno
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import pytest

from tests.faults.kinds import KINDS, WRITERS, names, same, search
from tf_lpdistill import TeacherCache, files

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = pathlib.Path(__file__).parent / "full_disk_program.py"
MOUNTS = ["unshare", "--map-root-user", "--mount"]  # mount points of a process's own


@contextlib.contextmanager
def small_files(limit):
    """The kernel refuses to let a file grow beyond `limit` bytes, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def failing(monkeypatch, name, number):
    def fail(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, name, fail)


@pytest.mark.parametrize(("call", "number"), [("fsync", errno.ENOSPC), ("replace", errno.EIO)])
@pytest.mark.parametrize("name", WRITERS)
def test_an_error_of_the_disk_leaves_the_earlier_file(name, call, number, tmp_path, monkeypatch):
    kind = KINDS[name]
    kind.write(tmp_path)
    expected, before = kind.read(tmp_path), names(tmp_path)
    with monkeypatch.context() as patch:
        failing(patch, call, number)
        with pytest.raises(OSError, match=os.strerror(number)):
            kind.write(tmp_path)
    assert same(kind.read(tmp_path), expected)
    assert names(tmp_path) == before


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_search_goes_on_after_an_error_of_the_disk(number, tmp_path, monkeypatch):
    pytest.importorskip("optuna")
    (tmp_path / "whole").mkdir()
    expected = search(tmp_path / "whole", 4)
    search(tmp_path, 2)
    with monkeypatch.context() as patch:
        failing(patch, "fsync", number)
        with pytest.raises(OSError, match=os.strerror(number)):
            search(tmp_path, 4)
    assert search(tmp_path, 4) == expected
    assert names(tmp_path) == ["trials.journal", "whole", "whole/trials.journal"]


@pytest.mark.parametrize("limit", [0, 700])
@pytest.mark.parametrize("name", ["neighbour graph", "keras model"])
def test_a_full_disk_leaves_the_earlier_file_and_nothing_else(name, limit, tmp_path):
    kind = KINDS[name]
    folder = tmp_path / "files"
    folder.mkdir()
    kind.write(folder)
    expected, before = kind.read(folder), names(folder)
    with small_files(limit), pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
        with files.atomic_path(folder / before[0]) as temporary:
            shutil.copyfile(folder / before[0], temporary)
    assert same(kind.read(folder), expected)
    assert names(folder) == before


@pytest.mark.torture
def test_a_full_tmpfs_leaves_the_earlier_files(tmp_path, record_property):
    if subprocess.run([*MOUNTS, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this process may not mount anything")
    (tmp_path / "disk").mkdir()
    done = subprocess.run(
        [*MOUNTS, sys.executable, str(PROGRAM), str(tmp_path / "disk")],
        capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'recipes'}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout.splitlines()[-1])
    record_property("tried", result["tried"])
    record_property("lost", len(result["lost"]))
    assert not result["lost"], "\n".join(result["lost"])
    assert result["refused"] >= len(WRITERS)  # else the disk was not full


@pytest.mark.parametrize("limit", [0, 200, 500])
def test_a_cache_on_a_full_disk_is_no_cache_and_goes_on_later(limit, tmp_path):
    arrays = {"logits": np.random.default_rng(0).normal(size=(40, 6))}
    with small_files(limit), pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
        TeacherCache.from_arrays(tmp_path / "cache", arrays)
    with pytest.raises(FileNotFoundError, match="no teacher cache"):
        TeacherCache.open(tmp_path / "cache")
    cache = TeacherCache.from_arrays(tmp_path / "cache", arrays)
    (stored,) = cache.store.arrays.values()
    np.testing.assert_array_equal(stored, arrays["logits"].astype("float16"))
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


@contextlib.contextmanager
def without_rights():
    """Root may write to a read-only folder; here it may do what anybody may."""
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(65534)
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_read_only_folder_is_named_and_left_as_it_is():
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = pathlib.Path(name)
        files.write_text(folder / "a.txt", "earlier")
        folder.chmod(0o555)
        with without_rights(), pytest.raises(PermissionError, match=folder.name):
            files.write_text(folder / "a.txt", "later")
        assert names(folder) == ["a.txt"] and (folder / "a.txt").read_text() == "earlier"


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "run").write_text("not a folder")
    with pytest.raises(OSError, match="run"):
        files.write_text(tmp_path / "run" / "a.txt", "a")


def start(program, path):
    """Starts a process that has read files.py alone, and waits for its standard input."""
    return subprocess.Popen(
        [sys.executable, "-c", program, files.__file__, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_what_a_killed_process_left_is_removed_and_what_a_live_one_writes_is_not(tmp_path):
    program = (
        "import runpy, sys\nfiles = runpy.run_path(sys.argv[1])\n"
        "with files['atomic_path'](sys.argv[2]) as path:\n"
        "    path.write_text('half')\n    print('half', flush=True)\n    sys.stdin.read()\n"
    )
    process = start(program, tmp_path / "a.txt")
    with process:
        assert process.stdout.readline() == "half\n"
        files.write_text(tmp_path / "a.txt", "mine")
        assert len(names(tmp_path)) == 2
        process.kill()
    files.write_text(tmp_path / "a.txt", "mine again")
    assert names(tmp_path) == ["a.txt"] and (tmp_path / "a.txt").read_text() == "mine again"


def test_a_folder_is_locked_for_one_and_free_after_a_kill(tmp_path):
    program = (
        "import runpy, sys\nfiles = runpy.run_path(sys.argv[1])\n"
        "held = files['lock'](sys.argv[2], 'busy')\nprint('held', flush=True)\nsys.stdin.read()\n"
    )
    process = start(program, tmp_path)
    with process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError, match="busy"):
            files.lock(tmp_path, "busy")
        process.kill()
    files.lock(tmp_path, "busy")()
    assert names(tmp_path) == []


@pytest.mark.torture
@pytest.mark.parametrize(
    "command",
    [
        ("recipes/digits.py", "--run_dir"),
        ("recipes/tune.py", "--run_dir"),
        ("recipes/shrink.py", "--ways=channels", "--run_dir"),
        ("recipes/compare.py", "--run_dir"),
    ],
    ids=lambda command: command[0],
)
def test_the_second_process_in_a_run_folder_is_refused(command, tmp_path):
    script, *flags, last = command
    release = files.lock(tmp_path, "busy")
    done = subprocess.run(
        [sys.executable, ROOT / script, *flags, f"{last}={tmp_path}"],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    release()
    assert done.returncode == 1
    assert f"Error: Another process works in {tmp_path}. Wait for it" in done.stderr
    assert names(tmp_path) == []
