"""The workers of a job meet before TensorFlow waits for them, which it would do for ever."""

import contextlib
import hashlib
import socket
import socketserver
import threading
import time
from collections.abc import Sequence

from tf_lpdistill.cluster import WorkersError

_PAUSE = 0.2  # seconds between two tries to reach a worker
_CONNECT = 2.0  # seconds to reach a worker's port, and for who reached ours to greet
_GRACE = 1.0  # seconds for the others to leave their ports, before TensorFlow calls there
_HELLO, _WELCOME, _OTHER_JOB = b"worker", b"welcome\n", b"other job\n"


def meet(addresses: Sequence[str], index: int, timeout: float) -> None:
    """Returns once every worker has greeted every other, and leaves the port to TensorFlow.

    A worker that has both been greeted and been answered by all the others is needed by none of
    them any more: the last to arrive lets all go.

    Args:
        addresses: "host:port" of all workers, in the same order on each of them.
        index: which of them this process is.
        timeout: seconds to wait for the others, > 0.

    Raises:
        WorkersError: when a worker does not answer in time, has other addresses, or the port is
            taken.
    """
    deadline = time.monotonic() + timeout
    job = hashlib.sha256("\n".join(addresses).encode()).hexdigest().encode()
    missing = {worker for worker in range(len(addresses)) if worker != index}
    with _open_door(addresses[index], job, missing, deadline) as door:
        threading.Thread(target=door.serve_forever, args=(_PAUSE,), daemon=True).start()
        try:
            while missing or door.missing:
                for worker in sorted(missing):
                    if _greet(addresses[worker], b"%b %b %d\n" % (_HELLO, job, index), deadline):
                        missing.discard(worker)
                if time.monotonic() > deadline:
                    raise WorkersError(_who(addresses, missing | door.missing, timeout))
                time.sleep(_PAUSE)
        finally:
            door.shutdown()
    time.sleep(_GRACE)


class _Door(socketserver.ThreadingTCPServer):
    """Listens at the worker's own port for the greetings of the others."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port, job, missing):
        self.job, self.missing = job, set(missing)
        super().__init__(("", port), _Greeted)


class _Greeted(socketserver.StreamRequestHandler):
    timeout = _CONNECT

    def handle(self):
        with contextlib.suppress(OSError):  # who is gone or silent is no worker that looks for us
            self._answer(self.rfile.readline(200).split())

    def _answer(self, greeting):
        if len(greeting) != 3 or greeting[0] != _HELLO:  # TensorFlow, which tries again; a probe
            return
        if greeting[1] != self.server.job:
            self.wfile.write(_OTHER_JOB)
            return
        self.wfile.write(_WELCOME)
        self.server.missing.discard(int(greeting[2]))


def _open_door(address, job, missing, deadline):
    port = int(address.rpartition(":")[2])
    while True:
        try:
            return _Door(port, job, missing)
        except OSError as error:
            if time.monotonic() > deadline:
                raise WorkersError(
                    f"This worker cannot listen at its own address {address}: {error}. End the "
                    "process that uses the port, or choose another port in TF_CONFIG."
                ) from error
            time.sleep(_PAUSE)


def _greet(address, greeting, deadline):
    """Whether the worker at `address` is there and answers."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), _CONNECT) as connection:
            # A slow answer is waited for: with it the other has counted us, and may be gone by the
            # time that we would ask again.
            connection.settimeout(max(deadline - time.monotonic(), _PAUSE))
            connection.sendall(greeting)
            answer = connection.makefile("rb").readline(20)
    except OSError:
        return False
    if answer == _OTHER_JOB:
        raise WorkersError(
            f"The worker at {address} belongs to another job, or was given other addresses. All "
            "workers of a job need the same `cluster` in TF_CONFIG, and no other job their ports."
        )
    return answer == _WELCOME


def _who(addresses, missing, timeout):
    listed = ", ".join(f"{worker} ({addresses[worker]})" for worker in sorted(missing))
    return (
        f"Of {len(addresses)} workers these did not answer within {timeout:g} s: {listed}. Check "
        "that all of them were started (after a failure all must be started anew, not one alone), "
        "that the addresses are right, and that no firewall is between them."
    )
