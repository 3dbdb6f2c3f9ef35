"""The drawings of small made-up data: what stands where."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from explained import bandwidth, lesson, neighborhood, sheet, spaces, weights
from results.evaluation import Embedded
from tf_lpdistill.data import Split
from tf_lpdistill.ops import heat_affinities

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def batch():
    """Thirty images along a line, so that the neighbours of each are known."""
    rng = np.random.default_rng(0)
    split = Split(rng.integers(0, 255, (30, 8, 8, 1), np.uint8), np.arange(30) % 10)
    features = np.cumsum(rng.uniform(0.5, 2.0, (30, 1)), axis=0).astype("float32")
    return lesson.Batch(split, features, *map(np.asarray, heat_affinities(features, 5)))


def read(path, element):
    """The elements of a picture of a kind, and the width of the picture."""
    root = ET.parse(path).getroot()
    return root.iter(f"{SVG}{element}"), float(root.get("width"))


@pytest.mark.parametrize("suffix", ["", "_narrow"])
def test_the_images_of_a_neighborhood_do_not_cover_each_other(batch, tmp_path, suffix):
    neighborhood.draw(tmp_path, batch)
    images, width = read(tmp_path / f"neighborhood{suffix}.svg", "image")
    boxes = [(float(i.get("x")), float(i.get("y")), float(i.get("width"))) for i in images]
    assert len(boxes) == 1 + 5 + 4
    for i, (x, y, side) in enumerate(boxes):
        assert 0 <= x and x + side <= width
        for other_x, other_y, _ in boxes[:i]:
            assert abs(x - other_x) >= side or abs(y - other_y) >= side


def test_a_neighborhood_shows_the_alphas_of_the_image_whose_differ_most(batch, tmp_path):
    neighborhood.draw(tmp_path, batch)
    texts, _ = read(tmp_path / "neighborhood.svg", "text")
    shown = [text.text for text in texts if "number" in text.get("class")]
    query = np.ptp(batch.alpha, axis=1).argmax()
    assert [f"{alpha:.2f}" for alpha in batch.alpha[query]] == shown


def test_bandwidth_has_three_curves_and_the_two_histograms(batch, tmp_path):
    bandwidth.draw(tmp_path, batch)
    lines, _ = read(tmp_path / "bandwidth.svg", "polyline")
    falls = [[float(p.split(",")[1]) for p in line.get("points").split()] for line in lines]
    assert len(falls) == 3 and all(
        (np.diff(fall) >= 0).all() for fall in falls
    )  # y grows downwards
    assert sum(falls[0]) > sum(falls[1]) > sum(falls[2])
    bars, _ = read(tmp_path / "bandwidth.svg", "rect")
    assert sum(bar.get("class") == "bar" for bar in bars) > 10


def embedded(features):
    labels = np.arange(len(features)) % 10
    split = Split(np.zeros((len(features), 8, 8, 1), np.uint8), labels)
    return Embedded(split, features, np.eye(10)[labels])


def test_students_share_a_scale_and_every_image_is_its_digit(tmp_path):
    wide = np.random.default_rng(0).normal(size=(40, 6))
    seen = {"Teacher": 50 * wide, "Student alone": wide, "Collapsed": 0.01 * wide}
    spaces.draw(tmp_path, {title: embedded(features) for title, features in seen.items()})
    root = ET.parse(tmp_path / "spaces.svg").getroot()
    figures = [g for g in root.iter(f"{SVG}g") if g.get("transform")]
    reaches = []
    for figure, title in zip(figures, seen, strict=True):
        texts = list(figure.iter(f"{SVG}text"))
        assert texts[0].text == title and texts[1].text == "100.0% of the test images right"
        glyphs = texts[2:]
        assert sorted(glyph.text for glyph in glyphs) == sorted(str(i % 10) for i in range(40))
        xs = [float(glyph.get("x")) for glyph in glyphs]
        reaches.append(max(xs) - min(xs))
    assert reaches[0] == pytest.approx(reaches[1], rel=0.05) and reaches[2] < 0.02 * reaches[1]


def row(gamma, accuracy, size):
    return {"gamma": gamma, "seed": 1, "accuracy": accuracy, "length": 1.0 + size, "spread": size,
            "loss": size}  # fmt: skip


ROWS = [row(0.0, 94.0, 1.0), row(0.1, 96.0, 0.8), row(1.0, 95.0, 0.5), row(10.0, 20.0, 0.01)]


def test_where_the_loss_helps_is_shaded(tmp_path):
    assert weights.better(ROWS) == [0.1, 1.0]
    weights.draw(tmp_path, ROWS)
    rects, _ = read(tmp_path / "weights.svg", "rect")
    zones = [(rect.get("x"), rect.get("width")) for rect in rects if rect.get("class") == "zone"]
    assert len(zones) == len(weights.PANELS) and len(set(zones)) == 1


def test_nothing_is_shaded_where_it_does_not_help(tmp_path):
    rows = [ROWS[0] | {"accuracy": 99.0}, *ROWS[1:]]
    assert weights.better(rows) == []
    weights.draw(tmp_path, rows)
    assert 'class="zone"' not in (tmp_path / "weights.svg").read_text()


def test_a_sheet_escapes_and_has_both_widths(tmp_path):
    sheet.write(tmp_path, "a", lambda width: (10, [sheet.tag("text", "1 < 2 & 3")]), "a < b")
    for suffix, width in (("", sheet.WIDE), ("_narrow", sheet.NARROW)):
        texts, found = read(tmp_path / f"a{suffix}.svg", "text")
        assert found == width and [t.text for t in texts] == ["1 < 2 & 3"]
