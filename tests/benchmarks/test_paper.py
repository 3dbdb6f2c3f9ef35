"""The arithmetic of the costs on paper, by hand."""

import pytest

from benchmarks.paper import cost

TEACHER, STUDENT = (7, 7, 2048), (7, 7, 1024)


def test_the_bridge_of_the_paper():
    # (7 * 7 * 2048) * (7 * 7 * 1024) weights of 4 bytes are the 18.76 GiB, here with the gradient.
    costs = cost(64, TEACHER, STUDENT)
    assert costs["bridge memory"] / 2 / 2**30 == pytest.approx(18.758, abs=1e-3)
    assert costs["bridge received"] == 0.0 == costs["LP received"]
    # m^2 (d_T + d_S) against m d_T d_S: 523 times; the bridge runs forward and twice backward.
    assert costs["bridge operations"] / costs["LP operations"] / 3 == pytest.approx(522.7, abs=0.1)


def test_small_numbers_by_hand():
    costs = cost(3, (5,), (2,), replicas=2)
    assert costs == {
        "LP memory": 4 * (2 * 6 * 7 + 2 * 36),
        "LP operations": 2 * 36 * 7,
        "LP received": 4 * 3 * 11,
        "bridge memory": 80,
        "bridge operations": 6 * 3 * 10,
        "bridge received": 40,
    }
