import re

import numpy as np

from tf_lpdistill.report import load_run
from tf_lpdistill.report.sections import curves, dots, terms
from tf_lpdistill.report.sections.curves import mean_and_band


def test_mean_and_sample_deviation_over_the_seeds():
    values = np.array([[0.1, 0.5], [0.3, 0.7], [0.8, 0.6]])
    mean, low, high = mean_and_band(values)
    np.testing.assert_allclose(mean, values.mean(axis=0))
    np.testing.assert_allclose(mean - low, values.std(axis=0, ddof=1))
    np.testing.assert_allclose(high - mean, values.std(axis=0, ddof=1))


def test_missing_values_do_not_count():
    values = np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan]])
    mean, low, _ = mean_and_band(values)
    np.testing.assert_array_equal(mean, [2.0, 5.0, np.nan])
    np.testing.assert_allclose(low, [2.0 - np.sqrt(2.0), np.nan, np.nan])


def labels_of(markup):
    return re.findall(r'<svg class="chart[^"]*" [^>]*aria-label="([^"]*)"', markup)


def test_what_a_curve_says_is_said_in_words(run_dir):
    lines = [f"kd,0,{e + 1},{4 - e},{accuracy}\n" for e, accuracy in enumerate((0.5, 0.9, 0.8))]
    lines += [f"alone,0,{e + 1},{3 - e / 2},0.{6 + e}\n" for e in range(2)]
    (run_dir / "history.csv").write_text("method,seed,epoch,loss,val_accuracy\n" + "".join(lines))
    run = load_run(run_dir)
    markup = curves.render(run)
    assert set(labels_of(markup)) == {
        "Validation accuracy over 3 epochs: KD ends highest, at 80.0%; Student alone lowest, at "
        "70.0%."
    }
    body = re.search("<tbody>(.*?)</tbody>", markup).group(1)
    rows = [re.findall(">([^<]+)</t", row) for row in body.split("</tr>")[:-1]]
    assert rows == [
        ["Student alone", "60.0%", "70.0%", "70.0%", "2"],
        ["KD", "50.0%", "80.0%", "90.0%", "2"],
    ]
    assert labels_of(terms.render(run)) == [
        "Loss per epoch, from the first to the last: Student alone 3.00 to 2.50; KD 4.00 to 2.00."
    ]


def test_the_seeds_say_what_the_best_student_gains(run_dir):
    label = labels_of(dots.render(load_run(run_dir)))[0]
    assert label.startswith(
        "Test accuracy. Chosen: KD + LP, +5.6 points against the student alone. Means: "
        "Teacher 98.6%, Student alone 89.9 ± 1.1%, "
    )
