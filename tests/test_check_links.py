"""The script behind `make check-links`, against a server of its own and without any."""

import http.server
import runpy
import threading

import pytest

from tests.pages import ROOT
from tests.processes import free_ports

SCRIPT = runpy.run_path(str(ROOT / "docs" / "check_links.py"))


@pytest.fixture
def server():
    """The address of a server that answers with the number in the path."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(int(self.path.rpartition("/")[2]))
            self.end_headers()

        def log_message(self, *arguments):
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as answering:
        thread = threading.Thread(target=answering.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{answering.server_port}"
        answering.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("numbers", "status", "said"),
    [
        ([200], 0, "1 addresses: 0 gone, 0 without a clear answer"),
        ([200, 503], 0, "No clear answer (503)"),
        ([200, 404, 410], 1, "2 gone"),
    ],
)
def test_what_is_gone_fails_and_what_is_unclear_is_told(server, capsys, numbers, status, said):
    assert SCRIPT["check"]({f"{server}/{n}": ["a.md"] for n in numbers}) == status
    assert said in capsys.readouterr().out


def test_without_a_network_it_says_so(capsys):
    (port,) = free_ports(1)
    assert SCRIPT["check"]({f"http://127.0.0.1:{port}/": ["a.md"]}) == 2
    assert "None of 1 addresses could be asked" in capsys.readouterr().out


def test_addresses_are_found_without_what_stands_around_them(tmp_path):
    (tmp_path / "a.md").write_text("See [x](https://a.example/b), or https://a.example/c#d.")
    (tmp_path / "b.py").write_text('"""(https://a.example/b), Eq. 3; http://localhost:8000/x."""')
    assert SCRIPT["find_addresses"](tmp_path) == {
        "https://a.example/b": ["a.md", "b.py"], "https://a.example/c#d": ["a.md"],
    }  # fmt: skip
    assert "https://arxiv.org/abs/1812.06597" in SCRIPT["find_addresses"]()
