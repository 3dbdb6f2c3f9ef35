import subprocess
import sys

from tf_lpdistill.report.__main__ import main


def test_the_path_is_printed(run_dir, capsys):
    assert main([str(run_dir)]) == 0
    assert capsys.readouterr().out == f"{run_dir / 'report.html'}\n"
    assert (run_dir / "report.html").is_file()


def test_the_page_may_lie_elsewhere(run_dir, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main([str(run_dir), "--output", str(page)]) == 0
    assert capsys.readouterr().out == f"{page}\n"
    assert page.is_file() and not (run_dir / "report.html").exists()


def test_an_error_is_one_line(tmp_path, capsys):
    assert main([str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: config.json is missing: expected a run folder")
    assert output.err.count("\n") == 1


def test_it_is_a_command(run_dir):
    command = [sys.executable, "-m", "tf_lpdistill.report", str(run_dir)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{run_dir / 'report.html'}\n"
