"""Kills a long operation at every write point and at random moments, and restarts it.

    python tests/faults/kill_program.py OPERATION POINTS MOMENTS FOLDER

All runs are forks of this process, in which nothing has run yet: they start at once. A write point
is a call that changes the file system under FOLDER; the hooks are put in here, the package knows
nothing of them. Of an operation of several processes one is killed: the first at its write points,
any at random moments; the others must end by themselves. POINTS and MOMENTS bound the attacks: of
more write points some are drawn. The last line printed is JSON: write points, attacks, how many of
them came before the end, and what was lost.
"""

import builtins
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np

from tests.faults.kill_operations import OPERATIONS, PROCESSES, join
from tests.processes import local_addresses

HOOKED = (
    [(os, n) for n in ("replace", "rename", "unlink", "rmdir", "mkdir", "fsync", "truncate")]
    + [(os, "symlink"), (shutil, "rmtree"), (shutil, "copyfile"), (builtins, "open")]
)  # fmt: skip
LIMIT = 600  # seconds in which a process must end


def hook(folder, kill_at):
    """Counts the write points, and dies before the one numbered `kill_at`; returns the count."""
    points = [0]

    def wrap(function, name):
        def wrapped(*args, **kwargs):
            mode = args[1] if name == "open" and len(args) > 1 else kwargs.get("mode", "r")
            writes = name != "open" or set(str(mode)) & set("wxa+")
            inside = name == "fsync" or str(args[0]).startswith(str(folder))
            if writes and inside:
                points[0] += 1
                if points[0] == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return wrapped

    for owner, name in HOOKED:
        setattr(owner, name, wrap(getattr(owner, name), name))
    # pathlib keeps what it found in os and io when it was imported; these two go around them.
    pathlib.Path.open = lambda self, *a, **k: builtins.open(self, *a, **k)
    pathlib.Path.unlink = unlink
    return points


def unlink(self, missing_ok=False):
    try:
        os.unlink(self)
    except FileNotFoundError:
        if not missing_ok:
            raise


def digest(arrays):
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(f"{array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()


def start(operation, folder, rank, addresses, kill_at):
    """Runs an operation in a fork, which writes {"digest", "points"} beside the folder."""
    answer = folder.with_suffix(f".{rank}.json")
    answer.unlink(missing_ok=True)
    child = os.fork()
    if child:
        return child
    sink = os.open(folder.with_suffix(f".{rank}.txt"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    several = operation in PROCESSES
    try:
        points = hook(folder, kill_at)
        if operation == "workers":
            join(addresses, rank)
        arrays = OPERATIONS[operation](folder, *([rank] if several else []))
        result = {"digest": digest(arrays), "points": points[0]}
    except BaseException as error:
        result = {"digest": f"{type(error).__name__}: {error}"}
    answer.write_text(json.dumps(result))
    os._exit(0)


def ended(child, deadline):
    """Waits for the end of a process; one that is late is killed, and the answer is False."""
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return False
        time.sleep(0.02)
    return True


def run(operation, folder, kill_at=0, seconds=None, victim=0):
    """Runs an operation in its processes; returns the answer of each, None of a killed one."""
    number = PROCESSES.get(operation, 1)
    addresses = local_addresses(number)
    children = [
        start(operation, folder, rank, addresses, 0 if rank else kill_at) for rank in range(number)
    ]
    deadline = time.monotonic() + LIMIT
    if seconds is not None:
        time.sleep(seconds)
        os.kill(children[victim], signal.SIGKILL)
    in_time = [ended(child, deadline) for child in children]
    answers = []
    for rank in range(number):
        path = folder.with_suffix(f".{rank}.json")
        answers.append(json.loads(path.read_text()) if path.exists() else None)
    if not all(in_time):
        raise TimeoutError(f"a process has not ended within {LIMIT} s")
    return answers


def digests(answers):
    return [answer and answer["digest"][:500] for answer in answers]


def listing(folder):
    """Every file, the checksum in the name of a backup left out."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return sorted(name.split("-")[0] if "backup/epoch" in name else name for name in names)


def attack(operation, folder, expected, files, **how):
    """Kills, restarts, and compares; returns (whether it came before the end, what is lost)."""
    folder.mkdir()
    if operation == "export":  # there is an earlier bundle, which must survive
        run(operation, folder)
    try:
        killed = None in run(operation, folder, **how)
        if operation == "export" and not any(
            path.exists() for path in (folder / "phone", folder / ".phone.old")
        ):
            return killed, f"{how}: the earlier bundle is gone"
        again = digests(run(operation, folder))
    except TimeoutError as error:
        return True, f"{how}: {error}"
    if again != expected:
        return killed, f"{how}: {again}"
    extra = set(listing(folder)) ^ set(files)
    shutil.rmtree(folder)
    return killed, f"{how}: other files {sorted(extra)}" if extra else None


def main():
    """See the module."""
    operation, most, moments = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    root = pathlib.Path(sys.argv[4])
    root.mkdir(parents=True, exist_ok=True)
    folder, begin = root / "undisturbed", time.perf_counter()
    folder.mkdir()
    answers = run(operation, folder)
    duration, files, expected = time.perf_counter() - begin, listing(folder), digests(answers)
    assert all(len(each) == 64 for each in expected), expected
    rng, number = random.Random(0), PROCESSES.get(operation, 1)
    points = range(1, answers[0]["points"] + 1)
    if len(points) > most:
        points = sorted(rng.sample(points, most))
    attacks = [{"kill_at": point} for point in points]
    attacks += [
        {"seconds": rng.uniform(0, duration), "victim": rng.randrange(number)}
        for _ in range(moments)
    ]
    found = [
        attack(operation, root / f"try{i}", expected, files, **a) for i, a in enumerate(attacks)
    ]
    result = {
        "points": answers[0]["points"],
        "tried": len(attacks),
        "killed": sum(killed for killed, _ in found),
        "lost": [reason for _, reason in found if reason],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
