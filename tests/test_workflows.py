"""The files that GitHub reads: valid, of targets that exist, on the versions of setup.py."""

import itertools
import pathlib
import re
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs(path):
    return read(path)["jobs"].items()


def targets(job):
    """The targets that a job makes, one for each cell of its matrix."""
    matrix = job.get("strategy", {}).get("matrix", {})
    for cell in itertools.product(*matrix.values()):
        for step in job["steps"]:
            command = step.get("run", "")
            for name, value in zip(matrix, cell, strict=True):
                command = command.replace(f"${{{{ matrix.{name} }}}}", value)
            if command:
                assert re.fullmatch(r"make [\w.-]+", command), command
                yield command.removeprefix("make ")


@pytest.fixture(scope="module")
def known():
    """The explicit targets of the Makefile."""
    printed = subprocess.run(
        ["make", "-npq", "lint"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    return set(re.findall(r"^([\w.-]+):(?!=)", printed, re.M))


def test_there_are_workflows_and_forms():
    assert [path.stem for path in WORKFLOWS] == ["nightly", "test"]
    assert [path.stem for path in FORMS] == ["bug", "method"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_step_is_a_make_target_that_exists(path, known):
    named = {target for _, job in jobs(path) for target in targets(job)}
    assert named and named <= known and "no-such-target" not in known


def test_the_matrix_holds_every_python_of_setup_at_both_ends():
    matrix = dict(jobs(ROOT / ".github" / "workflows" / "test.yml"))["suite"]["strategy"]["matrix"]
    classifiers = re.findall(r'"Programming Language :: Python :: ([\d.]+)"', _text("setup.py"))
    assert matrix["python"] == classifiers and len(classifiers) > 1
    assert matrix["end"] == ["oldest", "newest"]


def test_the_nightly_parts_are_those_of_make_nightly():
    (words,) = re.findall(
        r"^nightly: install\n\t\+@\.ci/stages (.*?)\n\n", _text("Makefile"), re.M | re.S
    )
    parts = words.replace("\\\n", "").replace("$(BENCHMARKS:%=bench-%)", "bench").split()
    job = dict(jobs(ROOT / ".github" / "workflows" / "nightly.yml"))["long"]
    # Every change already runs these two.
    assert {*targets(job), "test-matrix", "docs"} == set(parts)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read(path):
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets" not in path.read_text()
    for _, job in jobs(path):
        assert "permissions" not in job and job["timeout-minutes"] <= 330
        uses = [step for step in job["steps"] if "uses" in step]
        assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in uses)
        checkouts = [step for step in uses if "checkout" in step["uses"]]
        assert [step["with"]["persist-credentials"] for step in checkouts] == [False]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_each_question_once(path):
    form = read(path)
    assert form["name"] and form["description"]
    labels = [question["attributes"]["label"] for question in form["body"]]
    ids = [question["id"] for question in form["body"]]
    assert len(set(labels)) == len(labels) and len(set(ids)) == len(ids)
    assert {question["type"] for question in form["body"]} <= {"textarea", "input", "dropdown"}
    assert any(question.get("validations", {}).get("required") for question in form["body"])


def _text(name):
    return (ROOT / name).read_text(encoding="utf-8")
