"""Real worker processes on this computer, for tests: started together, never left behind."""

import contextlib
import itertools
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[1]
# What a worker says when another program took its port: our own meeting, and TensorFlow after it.
PORT_TAKEN = ("cannot listen at its own address", "Could not start gRPC server")


def free_ports(count):
    """Ports that are free, and that no outgoing connection is given meanwhile.

    Linux draws the ports of outgoing connections from 32768 up, and TensorFlow makes many. The draw
    is the system's: Python's own has the same seed in every test.
    """
    drawn = random.SystemRandom().sample(range(10_000, 32_768), 1000)
    return list(itertools.islice(filter(_is_free, drawn), count))


def _is_free(port):
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("", port))
        return True
    return False


def start_worker(index, addresses, *command, folder):
    """Starts Python with a TF_CONFIG; its output goes to `output_path(folder, index)`."""
    task = {"type": "worker", "index": index}
    environment = os.environ | {
        "TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": task}),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": str(ROOT),
    }
    with open(output_path(folder, index), "w") as output:
        return subprocess.Popen(
            [sys.executable, *map(str, command)],
            stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=ROOT,
        )  # fmt: skip


@contextlib.contextmanager
def workers(addresses, *command, folder):
    """Starts a worker at each address; kills what is left of them at the end.

    Yields a list of `subprocess.Popen`, to which others may be added.
    """
    started = []
    try:
        for index in range(len(addresses)):
            started.append(start_worker(index, addresses, *command, folder=folder))
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


def local_addresses(count):
    """Free addresses on this computer."""
    return [f"127.0.0.1:{port}" for port in free_ports(count)]


def output_path(folder, index):
    """The file with what worker `index` printed."""
    return pathlib.Path(folder, f"worker_{index}.txt")


def run_workers(count, *command, folder, timeout=150, again=True):
    """Runs workers to their end; returns the JSON that each printed last.

    They are started once more where another program took a port between our look and theirs.
    """
    with workers(local_addresses(count), *command, folder=folder) as started:
        codes = _exit_codes(started, timeout)
    texts = [output_path(folder, index).read_text() for index in range(count)]
    if again and any(words in text for text in texts for words in PORT_TAKEN):
        return run_workers(count, *command, folder=folder, timeout=timeout, again=False)
    printed = "".join(f"\nWorker {i}: ...{text[-3000:]}" for i, text in enumerate(texts))
    assert codes == [0] * count, f"{codes=}, None: still running after {timeout} s{printed}"
    return [json.loads(text.strip().splitlines()[-1]) for text in texts]


def _exit_codes(processes, timeout):
    deadline = time.monotonic() + timeout
    while None in (codes := [process.poll() for process in processes]):
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return codes


def wait_for(text, process, path, timeout=150):
    """Waits until a running process has printed `text`."""
    deadline = time.monotonic() + timeout
    while text not in path.read_text():
        assert process.poll() is None and time.monotonic() < deadline, path.read_text()[-3000:]
        time.sleep(0.05)
