"""Workers find each other, or say who is missing."""

import concurrent.futures
import socket
import time

import pytest

from tests.processes import free_ports
from tf_lpdistill import rendezvous
from tf_lpdistill.cluster import WorkersError


def addresses(count):
    return [f"127.0.0.1:{port}" for port in free_ports(count)]


def test_all_go_on_when_the_last_has_come_and_the_ports_are_free_again():
    workers, arrived = addresses(3), []

    def meet(index):
        time.sleep(0.5 * index)
        arrived.append(index)
        rendezvous.meet(workers, index, timeout=20)
        return len(arrived)

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert list(pool.map(meet, range(3))) == [3, 3, 3]
    for address in workers:
        with socket.socket() as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            own.bind(("127.0.0.1", int(address.split(":")[1])))


def test_a_worker_alone_names_the_missing():
    workers = addresses(3)
    start = time.monotonic()
    with pytest.raises(WorkersError, match=rf"Of 3 workers .* 0 \({workers[0]}\), 2 \(.*anew"):
        rendezvous.meet(workers, 1, timeout=0.5)
    assert time.monotonic() - start < 20


def test_a_server_that_answers_otherwise_is_no_worker():
    own = addresses(1)
    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts, and says nothing
        workers = [*own, f"127.0.0.1:{server.getsockname()[1]}"]
        with pytest.raises(WorkersError, match=r"did not answer within 0.5 s: 1 "):
            rendezvous.meet(workers, 0, timeout=0.5)


def test_a_slow_answer_is_waited_for_and_probes_are_borne(monkeypatch, capfd):
    """The other counts us with its answer, and may be gone when we ask again."""
    monkeypatch.setattr(rendezvous, "_CONNECT", 0.2)
    (own,) = addresses(1)
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        concurrent.futures.ThreadPoolExecutor(1) as pool,
    ):
        workers = [own, f"127.0.0.1:{other.getsockname()[1]}"]
        met = pool.submit(rendezvous.meet, workers, 0, 10)
        connection, _ = other.accept()
        greeting = connection.makefile("rb").readline()
        host, _, port = own.partition(":")
        for words in (b"", b"\n", b"worker\n", b"PRI * HTTP/2.0\r\n", greeting[:-2] + b"1\n"):
            with socket.create_connection((host, int(port))) as probe:
                probe.sendall(words)
                probe.shutdown(socket.SHUT_WR)
                answer = probe.makefile("rb").read()
            assert answer == (b"welcome\n" if words[-2:] == b"1\n" else b"")
        other.close()
        time.sleep(0.5)
        connection.sendall(b"welcome\n")
        assert met.result() is None
        connection.close()
    assert capfd.readouterr().err == ""


def test_workers_with_other_addresses_are_refused():
    a, b, c = addresses(3)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        met = [pool.submit(rendezvous.meet, *job, 3) for job in (([a, b], 0), ([a, b, c], 1))]
        errors = [future.exception() for future in met]
    assert all(isinstance(error, WorkersError) for error in errors)
    assert any("belongs to another job" in str(error) for error in errors)


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("", 0)) as server:
        workers = [f"127.0.0.1:{server.getsockname()[1]}", *addresses(1)]
        with pytest.raises(WorkersError, match="cannot listen at its own address"):
            rendezvous.meet(workers, 0, timeout=0.5)
