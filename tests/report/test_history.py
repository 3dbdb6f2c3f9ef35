import numpy as np
import pytest

from tf_lpdistill.report.history import read_history
from tf_lpdistill.report.run import Row

ROWS = [Row(name, key, (0.5,), None, 1, False, None) for name, key in (("KD", "kd"), ("LP", "lp"))]
HEAD = "method,seed,epoch,loss,term\n"


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / "history.csv"
        path.write_text(text)
        return read_history(path, ROWS)

    return read_text


def test_values_by_method_seed_and_epoch(read):
    history = read(HEAD + "kd,1,2,4,\nkd,0,1,1,\nKD,0,2,2,\nkd,1,1,3,\nlp,0,1,5,0.5\n")
    assert history.metrics == ("loss", "term")
    np.testing.assert_array_equal(history.curves["kd"]["loss"], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(history.curves["kd"]["term"], np.full((2, 2), np.nan))
    np.testing.assert_array_equal(history.curves["lp"]["term"], [[0.5]])


def test_what_is_missing_or_overflowed_is_nan(read):
    history = read(HEAD + "kd,0,1,1,inf\nkd,0,2,nan,1\nkd,1,1,3,2\n")
    expected = {"loss": [[1, np.nan], [3, np.nan]], "term": [[np.nan, 1], [2, np.nan]]}
    for name, values in expected.items():
        np.testing.assert_array_equal(history.curves["kd"][name], values)


def test_no_file_and_no_lines(read, tmp_path):
    assert read_history(tmp_path / "history.csv", ROWS) is None
    assert read(HEAD) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"expected the columns method, seed, epoch and one a metric, each once"),
        ("method,seed,loss\n", r"expected the columns method, seed, epoch"),
        ("method,seed,epoch\n", r"expected the columns method, seed, epoch"),
        ("method,seed,epoch,loss,loss\n", r"each once\. Received: .*'loss', 'loss'"),
        (HEAD + "kd,0,1,x,\n", r"line 2: expected a number in each cell"),
        (HEAD + "kd,0,1,1,\nkd,0,2,1\n", r"line 3: expected a number in each cell"),
        (HEAD + "kd,0,1,1,2,3\n", r"line 2: expected a number in each cell"),
        (HEAD + "kd,zero,1,1,2\n", r"line 2: expected a number in each cell"),
        (HEAD + "hint,0,1,1,2\n", r"expected a method .* one of kd, lp\. Received: hint"),
        (HEAD + "kd,0,1,1,2\nKD,0,1,1,2\n", r"expected each seed and epoch of 'kd' once"),
        (HEAD + 'kd,0,1,"1,2\n', r"expected a CSV table in UTF-8"),
    ],
)
def test_a_damaged_file_is_named(read, text, message):
    with pytest.raises(ValueError, match=rf"history\.csv is damaged or foreign: .*{message}"):
        read(text)
