"""What the tests of several workers rely on: no hang, no process left, no luck with ports."""

import time

import pytest

from tests import processes

TASK = "import json, os, sys, time; index = json.loads(os.environ['TF_CONFIG'])['task']['index'];"


def run(program, folder, **settings):
    return processes.run_workers(2, "-c", TASK + program, folder=folder, **settings)


def test_each_worker_knows_its_number(tmp_path):
    assert run("print('hello'); print(index)", tmp_path) == [0, 1]


def test_a_hang_is_ended_and_both_outputs_are_shown(tmp_path):
    start = time.monotonic()
    program = "print('I am', index, flush=True); time.sleep(60 * index); print(0)"
    with pytest.raises(AssertionError, match=r"(?s)\[0, None\], .* after 3 s.*I am 0.*I am 1"):
        run(program, tmp_path, timeout=3)
    assert time.monotonic() - start < 30


def test_no_process_is_left(tmp_path):
    with processes.workers(["a:1"], "-c", "import time; time.sleep(60)", folder=tmp_path) as all_:
        assert all_[0].poll() is None
    assert all_[0].returncode < 0


@pytest.mark.parametrize("words", processes.PORT_TAKEN)
def test_a_port_that_was_taken_is_tried_again_once(tmp_path, words):
    program = (
        f"seen = os.path.exists({str(tmp_path / 'seen')!r} + str(index));"
        f"open({str(tmp_path / 'seen')!r} + str(index), 'w');"
        f"print(index) if seen else sys.exit('Error: {words}')"
    )
    assert run(program, tmp_path) == [0, 1]
    with pytest.raises(AssertionError, match=words):
        run(f"sys.exit('Error: {words}')", tmp_path)


def test_another_failure_is_not_tried_again(tmp_path):
    program = f"open({str(tmp_path / 'tries')!r}, 'a').write(str(index)); sys.exit('Error: else')"
    with pytest.raises(AssertionError, match=r"(?s)codes=\[1, 1\].*Error: else"):
        run(program, tmp_path)
    assert sorted((tmp_path / "tries").read_text()) == ["0", "1"]


def test_ports_differ_from_call_to_call_whatever_the_seed():
    ports = processes.free_ports(3) + processes.free_ports(3)
    assert len(set(ports)) == 6 and max(ports) < 32_768
