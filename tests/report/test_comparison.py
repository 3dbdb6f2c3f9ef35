"""The page of a comparison: many methods, their costs, and what could not be trained."""

import re

import pytest

from tf_lpdistill.report import load_run, write_report
from tf_lpdistill.report.sections import curves, dots, table, terms
from tf_lpdistill.report.series import OTHER, note, series

pytestmark = pytest.mark.usefixtures("comparison")


def test_costs_and_failures_are_read(run_dir):
    run = load_run(run_dir)
    row = run.row("m7")
    assert (row.last_accuracy, row.extra_parameters) == ((0.93, 0.94, 0.95), 34944)
    assert row.relative_time == 3.084
    assert [(failure.key, failure.name) for failure in run.failures] == [("solution_flow", "FSP")]
    assert run.best.key == "m7" and len(run.students) == 31


def test_a_run_of_another_kind_has_neither(run_dir, edit):
    edit("results.json", lambda results: results.pop("failures"))
    run = load_run(run_dir)
    assert run.failures == () and run.row("teacher").last_accuracy is None


def test_a_damaged_failure_is_named(run_dir, edit):
    edit("results.json", lambda results: results["failures"][0].pop("reason"))
    with pytest.raises(ValueError, match=r"failures\[0\] is damaged .* 'reason' to be text"):
        load_run(run_dir)


def test_the_table_has_the_columns_that_were_measured(run_dir):
    markup = table.render(load_run(run_dir))
    heads = re.findall('<th scope="col"[^>]*>(.*?)</th>', markup)
    heads = [re.sub("<.*?>", "", head) for head in heads]
    assert heads == ["Method", "Accuracy", "Last epoch", "Parameters", "Extra", "Step time"]
    for text in ("34,944", "3.08\N{MULTIPLICATION SIGN}", "94.0 ± 1.0%", "left behind"):
        assert text in markup
    assert "Overlap" not in markup and ".tflite" not in markup


def test_files_that_one_row_alone_has_are_no_columns(run_dir, edit):
    def export(results):
        score = {"bytes": 3733, "accuracy": 0.9, "latency_ms": 0.1}
        results["rows"][2]["tflite"] = {"int8": score, "float16": score}
        results["rows"][3]["tflite"] = {"int8": score}

    edit("results.json", export)
    markup = table.render(load_run(run_dir))
    assert "int8 .tflite" in markup and "float16" not in markup


def test_what_failed_is_in_the_table_with_its_reason(run_dir):
    markup = table.render(load_run(run_dir))
    assert "Could not be trained. the channels differ &lt;b&gt;" in markup
    assert 'colspan="5"' in markup


def test_the_most_accurate_methods_have_the_colours(run_dir):
    run = load_run(run_dir)
    colors = series(run)
    colored = [key for key, color in colors.items() if re.fullmatch(r"series-\d", color)]
    assert colored == [f"m{i}" for i in range(24, 30)]
    assert len({colors[key] for key in colored}) == 6
    assert list(colors.values()).count(OTHER) == 24
    assert note(run, "are grey") == (
        "Of 30 methods the 6 with the highest test accuracy are coloured and named; the other 24 "
        "are grey."
    )


def test_few_methods_need_no_note(run_dir, edit):
    edit("results.json", lambda results: results.update(rows=results["rows"][:8]))
    (run_dir / "history.csv").unlink()
    run = load_run(run_dir)
    assert note(run, "are grey") is None and OTHER not in series(run).values()


def test_curves_name_the_coloured_ones_and_draw_all(run_dir):
    markup = curves.render(load_run(run_dir))
    wide = markup[: markup.index("</svg><svg")]
    assert wide.count("<polyline") == 31
    labels = re.findall(r'class="label colored"[^>]*>(.*?)<', wide)
    assert sorted(labels) == sorted(["Student alone", *(f"Method {i}" for i in range(24, 30))])
    assert "the other 24 are drawn in grey" in markup


def test_terms_leave_the_grey_ones_out(run_dir):
    markup = terms.render(load_run(run_dir))
    legend = re.findall(r"</i>(.*?)</li>", markup)
    assert legend == ["Student alone", *(f"Method {i}" for i in range(24, 30))]
    assert "the other 24 are left out here" in markup


def test_dots_show_every_method_close_together(run_dir):
    markup = dots.render(load_run(run_dir))
    height = float(re.search(r'viewBox="0 0 860 (\d+)', markup).group(1))
    assert height < 32 * 30 + 60
    wide = markup[: markup.index("</svg><svg")]
    assert wide.count("<circle") == 1 + 31 * 3


def test_the_page_is_written(run_dir):
    page = write_report(run_dir).read_text()
    assert not re.search(r"\b(nan|inf)\b", page)
    assert "Method 29" in page and "FSP" in page
