"""Real worker processes on this computer, for tests: started together, never left behind."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[1]


def free_ports(count):
    """Ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


@contextlib.contextmanager
def workers(count, *command, folder):
    """Starts `count` workers with a TF_CONFIG each; kills what is left of them at the end.

    Yields a list of `subprocess.Popen`; the output of worker i goes to `folder`/worker_i.txt.
    """
    addresses = [f"127.0.0.1:{port}" for port in free_ports(count)]
    started = []
    try:
        for index in range(count):
            task = {"type": "worker", "index": index}
            environment = os.environ | {
                "TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": task}),
                "TF_CPP_MIN_LOG_LEVEL": "3",
                "PYTHONPATH": str(ROOT),
            }
            with open(output_path(folder, index), "w") as output:
                started.append(
                    subprocess.Popen(
                        [sys.executable, *map(str, command)],
                        stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=ROOT,
                    )
                )  # fmt: skip
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


def output_path(folder, index):
    return pathlib.Path(folder, f"worker_{index}.txt")


def run_workers(count, *command, folder, timeout=150):
    """Runs workers to their end; returns the JSON that each printed last."""
    with workers(count, *command, folder=folder) as started:
        codes = [process.wait(timeout) for process in started]
    texts = [output_path(folder, index).read_text() for index in range(count)]
    assert codes == [0] * count, "\n".join(text[-3000:] for text in texts)
    return [json.loads(text.strip().splitlines()[-1]) for text in texts]


def wait_for(text, process, path, timeout=150):
    """Waits until a running process has printed `text`."""
    deadline = time.monotonic() + timeout
    while text not in path.read_text():
        assert process.poll() is None and time.monotonic() < deadline, path.read_text()[-3000:]
        time.sleep(0.05)
