"""A search in results.json, and the section that shows it."""

import re

import pytest

from tf_lpdistill.report import load_run, write_report
from tf_lpdistill.report.sections import trials


def test_a_run_without_a_search_has_no_such_section(run_dir):
    assert load_run(run_dir).search is None
    assert 'id="trials"' not in write_report(run_dir).read_text()


@pytest.mark.usefixtures("search")
def test_the_best_trial_and_the_first_are_told(run_dir):
    search = load_run(run_dir).search
    assert (search.best.number, len(search.trials), len(search.judged)) == (20, 30, 28)
    body = trials.render(load_run(run_dir))
    assert "Of 30 trials number 20 is best: 97.0%; the first, number 0, has 93.3%" in body
    assert "2 could not be trained." in body


@pytest.mark.usefixtures("search")
def test_every_trial_stands_in_the_table_with_its_settings_the_best_first(run_dir, search):
    body = trials.render(load_run(run_dir))
    numbers = list(map(int, re.findall(r">Trial (\d+)<", body)))
    assert sorted(numbers) == list(range(30)) and numbers[0] == 20
    values = [search["trials"][n]["accuracy"] or 0 for n in numbers]
    assert values == sorted(values, reverse=True) and numbers[-2:] == [3, 9]
    assert body.index("<details>") > body.index("Trial 20<")
    assert body.count("The other 25 trials") == 1
    row = body[body.index(">Trial 20<") :]
    cells = re.findall(r"<td.*?><span>(.*?)</span>", row)[:4]
    settings = search["trials"][20]["settings"]
    assert cells[0] == "97.0%" and cells[2:] == [str(settings["k"]), "relu5 to &lt;b&gt;"]
    assert float(cells[1]) == pytest.approx(settings["kd_weight"], rel=0.05)


@pytest.mark.usefixtures("search")
def test_a_chart_for_each_parameter_the_important_first(run_dir):
    body = trials.render(load_run(run_dir))
    captions = re.findall("<figcaption>(.*?)(?:<small>(.*?)</small>)?</figcaption>", body)
    assert captions == [
        ("Neighbours k", "importance 75%"), ("KD weight", "importance 25%"), ("Layers", ""),
    ]  # fmt: skip
    panels = body[body.index('class="panels') :]
    # 28 trials a chart; one of 10% lies below the scale, as a ring, and one ring is the best.
    for drawing in re.findall("<svg.*?</svg>", panels):
        assert drawing.count('class="dot"') == 27 and drawing.count('class="ring"') == 2
        assert "the best trial, 97.0%, has" in re.search('aria-label="(.*?)"', drawing).group(1)
    assert "lie on the lower edge" in body and not re.search(r"\b(nan|inf)\b", body)


def test_equal_trials_and_a_single_one_are_drawn(run_dir, search, edit):
    def keep(number):
        def change(results):
            results["search"]["trials"] = results["search"]["trials"][:number]
            for trial in results["search"]["trials"]:
                trial["accuracy"] = 0.9
                trial["settings"] = search["trials"][0]["settings"]

        return change

    for number in (2, 1):
        edit("results.json", keep(number))
        body = trials.render(load_run(run_dir))
        assert f"Of {number} trials number 0 is best: 90.0%." in body
        assert not re.search(r"\b(nan|inf)\b", body) and "<details>" not in body


@pytest.mark.usefixtures("search")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["trials"][4]["settings"].pop("k"), r"trials\[4\].*number, or a text, for 'k'"),
        (lambda s: s["trials"][4]["settings"].update(kd_weight=0.0), r"for 'kd_weight'.*: 0\.0"),
        (lambda s: s["trials"][4].update(accuracy=1.5), "'accuracy' to be a number from 0 to 1"),
        (lambda s: s["parameters"][0].update(log="yes"), "'log' to be true or false"),
        (lambda s: [t.update(accuracy=None) for t in s["trials"]], "one of its trials to have an"),
    ],
)
def test_a_damaged_search_is_refused(run_dir, edit, change, message):
    edit("results.json", lambda results: change(results["search"]))
    with pytest.raises(ValueError, match=rf"results\.json: search.*{message}"):
        load_run(run_dir)
