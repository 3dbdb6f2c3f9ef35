import numpy as np
import pytest

from tf_lpdistill.report import svg


def test_linear_and_log_scales():
    assert svg.Scale(0.0, 10.0, 100, 200)(2.5) == 125
    assert svg.Scale(1.0, 100.0, 0, 50, log=True)(10.0) == pytest.approx(25)
    np.testing.assert_allclose(svg.Scale(0, 1, 80, 0)(np.array([0.0, 0.25, 1.0])), [80, 60, 0])


@pytest.mark.parametrize(
    ("low", "high", "number", "expected"),
    [
        (0.0, 1.0, 5, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.887, 0.99, 4, [0.9, 0.925, 0.95, 0.975]),
        (1, 60, 6, [10, 20, 30, 40, 50, 60]),
        (-0.3, 0.31, 3, [-0.2, 0.0, 0.2]),
    ],
)
def test_ticks_are_round(low, high, number, expected):
    assert svg.nice(low, high, number) == expected


def test_ticks_of_a_log_scale():
    assert svg.Scale(5e3, 2e6, 0, 1, log=True).ticks(4) == [1e4, 1e5, 1e6]
    narrow = svg.Scale(7e3, 3e4, 0, 1, log=True).ticks(4)
    assert narrow == [1e4, 2e4]


def test_labels_move_apart_as_little_as_needed():
    assert svg.spread([10.0, 50.0], 15, 0, 100) == [10.0, 50.0]
    assert svg.spread([50.0, 51.0, 52.0], 10, 0, 100) == [41.0, 51.0, 61.0]
    assert svg.spread([52.0, 51.0, 50.0], 10, 0, 100) == [61.0, 51.0, 41.0]
    assert svg.spread([99.0, 100.0], 10, 0, 100) == [90.0, 100.0]


def test_labels_that_fill_the_space_keep_their_distance():
    placed = svg.spread(list(np.linspace(40, 60, 9)), 12, 0, 96)
    np.testing.assert_allclose(np.diff(placed), 12)
    assert placed[0] == 0


def test_nan_interrupts_a_curve_and_a_lone_point_is_a_dot():
    xs, ys = np.arange(6.0), np.array([1.0, 2.0, np.nan, 4.0, np.nan, 6.0])
    drawn = svg.curve(xs, ys, "line")
    assert drawn.count("<polyline") == 1
    assert 'points="0.0,1.0 1.0,2.0"' in drawn
    assert drawn.count("<circle") == 2
    assert "nan" not in drawn


def test_nan_interrupts_a_band():
    xs = np.arange(4.0)
    drawn = svg.band(xs, np.array([1.0, 1.0, np.nan, 1.0]), xs + 2, "band")
    assert drawn.count("<polygon") == 1
    assert 'points="0.0,1.0 1.0,1.0 1.0,3.0 0.0,2.0"' in drawn


def test_a_chart_is_drawn_for_both_screens_and_named():
    made = svg.responsive(lambda width: (width / 2, svg.text(0, 0, width, "tick")), "a < b")
    assert 'viewBox="0 0 860 430"' in made
    assert 'viewBox="0 0 340 170"' in made
    assert made.count('aria-label="a &lt; b"') == 2
