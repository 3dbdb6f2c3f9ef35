import pytest

from tf_lpdistill.data import find_data_dir


def test_the_flag_wins_over_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("LPDISTILL_DATA", str(tmp_path))
    assert find_data_dir() == find_data_dir("") == tmp_path
    (tmp_path / "flag").mkdir()
    assert find_data_dir(str(tmp_path / "flag")) == tmp_path / "flag"
    monkeypatch.delenv("LPDISTILL_DATA")
    assert find_data_dir(tmp_path) == tmp_path


def test_no_folder_names_both_ways_out(monkeypatch):
    monkeypatch.delenv("LPDISTILL_DATA", raising=False)
    with pytest.raises(ValueError, match="--data_dir=FOLDER, or .* variable LPDISTILL_DATA"):
        find_data_dir()


def test_a_folder_that_is_not_there_names_its_origin(tmp_path, monkeypatch):
    monkeypatch.setenv("LPDISTILL_DATA", str(tmp_path / "gone"))
    with pytest.raises(NotADirectoryError, match="variable LPDISTILL_DATA must .*gone"):
        find_data_dir()
    with pytest.raises(NotADirectoryError, match="--data_dir must name.*missing"):
        find_data_dir(str(tmp_path / "missing"))
