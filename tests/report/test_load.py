import hashlib

import pytest

from tf_lpdistill.report import load_run


def test_what_the_folder_says(run_dir):
    run = load_run(str(run_dir))
    assert run.title == "From a teacher to a phone file"
    assert run.dataset.labelled == 150
    assert [row.key for row in run.rows] == ["teacher", "alone", "kd", "lp", "kd_lp"]
    assert [row.key for row in run.students] == ["alone", "kd", "lp", "kd_lp"]
    assert run.row("teacher").neighborhood_overlap is None
    assert run.row("lp").tflite["int8"].bytes == 3733
    assert run.seeds == (0, 1, 2)
    assert run.history.curves["kd"]["loss"].shape == (3, 20)
    assert run.neighbors.images.shape == (3, 8, 8, 1)


def test_mean_and_sample_deviation(run_dir):
    run = load_run(run_dir)
    assert run.row("kd_lp").mean == pytest.approx((0.9528 + 0.9556 + 0.9583) / 3)
    assert run.row("kd_lp").sd == pytest.approx(0.0027501, abs=1e-6)
    assert run.row("teacher").sd is None


def test_the_best_student_is_the_marked_one_else_the_most_accurate(run_dir, edit):
    assert load_run(run_dir).best.key == "kd_lp"

    def mark(results):
        for row in results["rows"]:
            row["best"] = row["key"] == "lp"

    edit("results.json", mark)
    assert load_run(run_dir).best.key == "lp"
    edit("results.json", lambda results: results["rows"][3].update(best=False))
    assert load_run(run_dir).best.key == "kd_lp"


def test_sizes_and_checksums_are_those_of_the_files(run_dir):
    (run_dir / "student.keras").write_bytes(b"model")
    (run_dir / "phone" / ".hidden").write_bytes(b"")
    files = {file.name: file for file in load_run(run_dir).files}
    assert list(files) == [
        "phone/digits_float32.tflite",
        "phone/digits_int8.tflite",
        "phone/bundle.json",
        "phone/labels.txt",
        "student.keras",
    ]
    assert files["student.keras"].bytes == 5
    assert files["student.keras"].sha256 == hashlib.sha256(b"model").hexdigest()


def test_no_such_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such run folder: .* Received: run_dir='.*not"):
        load_run(tmp_path / "not_there")


@pytest.mark.parametrize("name", ["config.json", "results.json"])
def test_a_required_file_is_missing(run_dir, name):
    (run_dir / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"^{name} is missing: .* Received: run_dir="):
        load_run(run_dir)


@pytest.mark.parametrize("name", ["config.json", "results.json", "phone/bundle.json"])
def test_a_damaged_file_is_named(run_dir, name):
    path = run_dir / name
    path.write_text(path.read_text()[:-2])
    with pytest.raises(ValueError, match=rf"{path.name} is damaged: expected JSON"):
        load_run(run_dir)


def test_the_rest_may_be_missing(run_dir):
    (run_dir / "history.csv").unlink()
    (run_dir / "neighbors.npz").unlink()
    for path in (run_dir / "phone").iterdir():
        path.unlink()
    run = load_run(run_dir)
    assert (run.history, run.neighbors, run.files) == (None, None, ())


def test_accuracy_in_percent_is_refused(run_dir, edit):
    edit("results.json", lambda results: results["rows"][1].update(accuracy=[95.1]))
    with pytest.raises(ValueError, match=r"rows\[1\] .* 'accuracy' to be a list of numbers from 0"):
        load_run(run_dir)


def test_a_row_twice_is_refused(run_dir, edit):
    edit("results.json", lambda results: results["rows"].append(results["rows"][0]))
    with pytest.raises(ValueError, match=r"expected each key of a row once"):
        load_run(run_dir)


def test_an_unknown_exported_row_is_refused(run_dir, edit):
    edit("results.json", lambda results: results.update(exported="hint"))
    with pytest.raises(ValueError, match=r"one of teacher, alone, kd, .* Received: 'hint'"):
        load_run(run_dir)


def test_a_file_that_is_not_the_bundles_is_refused(run_dir):
    path = run_dir / "phone" / "digits_int8.tflite"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"phone/digits_int8\.tflite is not the file that phone/b"):
        load_run(run_dir)
    path.unlink()
    with pytest.raises(ValueError, match=r"digits_int8\.tflite .* Received: no such file"):
        load_run(run_dir)
