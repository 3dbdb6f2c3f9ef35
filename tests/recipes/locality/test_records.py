"""Runs on record, and claims between processes."""

import json
import subprocess
import sys

import pytest

from locality.records import Job, Records

JOB = Job("tune", "digits_plain", "alone", {"learning_rate": 0.01}, 3)
# Claims a name, says so, and keeps it until it is killed.
HOLDER = """
import pathlib, sys, time
from locality.records import Records
with Records(pathlib.Path(sys.argv[1])).claim("a run") as granted:
    print(granted, flush=True)
    time.sleep(60)
"""


def test_a_run_is_on_record_once_it_is_written(tmp_path):
    records = Records(tmp_path)
    assert records.read() == {} and not records.has(JOB)
    records.write(JOB, {"validation_accuracy": 0.5})
    row = {"part": "tune", "cell": "digits_plain", "method": "alone", "seed": 3}
    row |= {"setting": {"learning_rate": 0.01}, "validation_accuracy": 0.5}
    assert records.read() == {JOB.name: row} and records.has(JOB)


def test_a_run_of_before_there_were_checksums_is_read(tmp_path):
    records = Records(tmp_path)
    records.write(JOB, {"epochs": 3})
    (path,) = (tmp_path / "runs").iterdir()
    row = json.loads(path.read_text())
    del row["seal"]
    path.write_text(json.dumps(row))
    assert records.read() == {JOB.name: row}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text.replace('"epochs": 3', '"epochs": 8'), "its checksum differs"),
        (lambda text: text.replace('"seal"', '"seam"'), "it must hold a run. Received: .*'seam'"),
        (lambda text: text[:40], "damaged"),
    ],
)
def test_a_damaged_run_is_named(tmp_path, change, reason):
    Records(tmp_path).write(JOB, {"epochs": 3})
    (path,) = (tmp_path / "runs").iterdir()
    path.write_text(change(path.read_text()))
    with pytest.raises(ValueError, match=rf"{JOB.name}\.json is damaged.*{reason}|damaged \("):
        Records(tmp_path).read()


def test_a_run_in_the_file_of_another_is_named(tmp_path):
    Records(tmp_path).write(JOB, {"epochs": 3})
    (path,) = (tmp_path / "runs").iterdir()
    path.rename(path.with_name("other.json"))
    with pytest.raises(ValueError, match=r"other\.json is damaged: the run in it is another one"):
        Records(tmp_path).read()


OTHERS = [
    {"seed": 4},
    {"setting": {"learning_rate": 0.02}},
    {"part": "final"},
    {"method": "hint"},
    {"cell": "mnist_plain"},
]


@pytest.mark.parametrize("other", OTHERS)
def test_no_two_runs_share_a_name(tmp_path, other):
    Records(tmp_path).write(JOB, {})
    assert not Records(tmp_path).has(Job(**(vars(JOB) | other)))


def test_the_order_of_a_setting_does_not_matter():
    one, two = ({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert Job("tune", "c", "m", one, 0).name == Job("tune", "c", "m", two, 0).name


def test_half_a_file_of_a_killed_process_is_not_read(tmp_path):
    records = Records(tmp_path)
    records.write(JOB, {})
    (tmp_path / "runs" / ".other-0123.part.json").write_text('{"part": "tu')
    assert list(records.read()) == [JOB.name]
    assert all(json.loads(p.read_text()) for p in (tmp_path / "runs").glob("[!.]*.json"))


def test_a_claim_is_granted_once_and_ends_with_its_block(tmp_path):
    records = Records(tmp_path)
    with records.claim("a run") as first, records.claim("a run") as second:
        assert (first, second) == (True, False)
        with records.claim("another") as other:
            assert other
    with records.claim("a run") as again:
        assert again


def test_the_claim_of_a_killed_process_is_free(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", ":".join(path for path in sys.path if path))
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "True\n"
        with Records(tmp_path).claim("a run") as granted:
            assert not granted
        process.kill()
        process.wait()
    with Records(tmp_path).claim("a run", wait=True) as granted:
        assert granted
