"""No file outgrows a reader: 300 lines, and 150 for scripts and their rooms."""

import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = "tf_lpdistill"


@pytest.mark.parametrize(
    ("limit", "folders"),
    [(300, (PACKAGE, "recipes", "export", "benchmarks", "tests")), (150, ("recipes", "export"))],
)
def test_no_file_is_longer_than(limit, folders):
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files}
    assert len(lengths) > 20
    assert {path: length for path, length in lengths.items() if length > limit} == {}
