"""Counts what the faults of this folder tried and what was lost, for `make torture`.

A test is one attempt, unless it says how many it made: `record_property("tried", 40)`. An attempt
is lost when its test fails, or by `record_property("lost", 2)`. The first line of a file's
docstring names its attacks; `record_property("row", "export")` gives some of them a row of their
own in the table. `FAULT_TRIES` says how many draws a random attack makes.
"""

import collections
import json
import os
import pathlib

import pytest

FOLDER = pathlib.Path(__file__).parent
_counts = collections.defaultdict(lambda: {"tried": 0, "lost": 0, "seconds": 0.0})


@pytest.fixture
def tries():
    """How many draws a random attack makes: few in the suite, many in `make torture`."""
    return int(os.environ.get("FAULT_TRIES", "10"))


def pytest_runtest_logreport(report):
    """Adds a finished test to the counts of its file, in the process that all reports come to."""
    path = pathlib.Path(report.nodeid.partition("::")[0])
    if path.parent.name != FOLDER.name or report.skipped or "PYTEST_XDIST_WORKER" in os.environ:
        return
    said = dict(report.user_properties)
    counts = _counts[": ".join(filter(None, (path.stem, said.get("row"))))]
    counts["seconds"] += report.duration
    if report.when not in ("setup", "teardown"):  # "???" where the test took its process with it
        counts["tried"] += said.get("tried", 1)
        counts["lost"] += said.get("lost", int(report.failed))
    elif report.failed:
        counts["lost"] += 1
    if "FAULT_COUNTS" in os.environ:  # at once: what comes next may end the process
        pathlib.Path(os.environ["FAULT_COUNTS"]).write_text(json.dumps(_counts))
