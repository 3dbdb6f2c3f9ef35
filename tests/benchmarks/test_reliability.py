"""`make torture` counts to the end, whatever an attack does to the process that runs it."""

import json
import os
import subprocess
import sys

import pytest

from tests.test_architecture import ROOT

ATTACKS = {
    "test_a.py": "def test_one(record_property):\n    record_property('tried', 7)\n",
    "test_b.py": "import os\ndef test_one():\n    pass\ndef test_two():\n    os.abort()\n",
    "test_c.py": "def test_one():\n    assert 0, 'what is wrong'\n",
    "test_d.py": "import time\ndef test_one():\n    time.sleep(600)\n",
    "test_e.py": (
        "import pytest\n@pytest.fixture(params=[1, 2])\ndef n(request, record_property):\n"
        "    record_property('row', f'part {request.param}')\n    return request.param\n"
        "def test_one(n, record_property):\n    record_property('lost', n - 1)\n"
    ),
}


PROGRAM = """
import json, pathlib, sys, reliability
rows = reliability.count(pathlib.Path(sys.argv[1]), 2, limit=20)
print(json.dumps([rows, reliability.lost({"a table": rows})]))
"""


@pytest.mark.slow
def test_a_lost_row_keeps_no_other_from_its_turn(tmp_path):
    conftest = (ROOT / "tests" / "faults" / "conftest.py").read_text(encoding="utf-8")
    folder = tmp_path / "faults"
    folder.mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (folder / "conftest.py").write_text(conftest, encoding="utf-8")
    for name, source in ATTACKS.items():
        (folder / name).write_text(f'"""Attack {name}."""\n{source}', encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'benchmarks'}{os.pathsep}{ROOT}"}
    environment.pop("PYTEST_XDIST_WORKER", None)  # or its pytest would take itself for a worker
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    rows, lost = json.loads(done.stdout.splitlines()[-1])
    assert {row["attack"]: (row["tried"], row["lost"]) for row in rows} == {
        "Attack test_a.py": (7, 0),
        "Attack test_b.py": (2, 1),
        "Attack test_c.py": (1, 1),
        "Attack test_d.py": (1, 1),
        "Attack test_e.py: part 1": (1, 0),
        "Attack test_e.py: part 2": (1, 1),
        "all": (13, 4),
    }
    assert lost == 4 and "what is wrong" in done.stdout
    assert "Stopped after 20 seconds" in done.stdout
