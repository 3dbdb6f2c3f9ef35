"""How CI runs its parts: side by side, each printed in one piece, and on after a failure."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[1]
MAKEFILE = """
good:
\t@echo good begins; while [ ! -e started ]; do sleep 0.05; done; echo good ends
beside:
\t@echo beside begins; touch started; sleep 0.2; echo beside ends
bad:
\t@echo bad begins; exit 3
last:
\t@echo last; touch done
"""


@pytest.fixture
def stages(tmp_path):
    """A function that runs targets of a small Makefile; returns (exit code, output)."""
    (tmp_path / "Makefile").write_text(MAKEFILE)

    def run(*targets):
        done = subprocess.run(
            ["bash", ROOT / ".ci" / "stages", *targets], cwd=tmp_path, timeout=60, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    return run


def test_two_run_side_by_side_and_each_is_printed_in_one_piece(stages):
    code, output = stages("good+beside")  # alone, "good" would wait for ever
    assert code == 0
    assert "good begins\ngood ends\n" in output and "beside begins\nbeside ends\n" in output
    rows = output.split("== stages\n")[1].splitlines()
    assert [re.sub(r" +", " ", row.rsplit(maxsplit=1)[0]) for row in rows] == [
        "good passed", "beside passed", "all passed",
    ]  # fmt: skip
    assert all(re.search(r" \d+:\d\d$", row) for row in rows)


@pytest.mark.parametrize("targets", [("bad", "last"), ("bad+last",), ("last+bad",), ("no", "last")])
def test_a_failure_is_told_and_what_comes_after_still_runs(stages, tmp_path, targets):
    code, output = stages(*targets)
    assert code == 1
    assert (tmp_path / "done").exists()
    wrong = "no" if "no" in targets else "bad"
    assert re.search(rf"^{wrong} +FAILED +0:0\d$", output, re.M)
    assert re.search(r"^last +passed", output, re.M) and re.search(r"^all +FAILED", output, re.M)
    assert ("No rule" if wrong == "no" else "bad begins") in output


def test_no_stage_at_all_is_refused(stages):
    assert stages() == (2, "Expected targets of the Makefile. Received: none\n")


def test_ci_runs_the_pages_beside_the_suite():
    script = (ROOT / ".ci" / "run").read_text()
    assert re.search(r"^\.ci/stages install docs\+test$", script, re.M)
