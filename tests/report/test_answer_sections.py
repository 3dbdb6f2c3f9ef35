"""What the page shows of single images, against the arrays of the run folder."""

import re

import numpy as np
import pytest

from tf_lpdistill.report import load_run, svg, write_answers
from tf_lpdistill.report.sections import confidence, disagreements, maps, mistakes, tradeoff


def labels_of(markup):
    return re.findall(r'<svg class="chart" [^>]*aria-label="([^"]*)"', markup)


def test_matrices_hold_the_counts(run_dir):
    markup = mistakes.render(load_run(run_dir))
    captions = re.findall("<figcaption>(.*?)<small>(.*?)</small>", markup)
    # 120 images: each tenth is wrong for the teacher, each fifth for the student and its file.
    assert captions == [
        ("Teacher", "12 of 120 wrong"),
        ("KD + LP", "24 of 120 wrong"),
        ("KD + LP, int8 file", "24 of 120 wrong"),
    ]
    teacher = markup[: markup.index("</figure>")]
    counts = [int(text) for text in re.findall(r'class="count"[^>]*>(\d+)<', teacher)]
    # All images of class 0 are wrong: they are numbers 0, 10, 20 and so on.
    assert sorted(counts) == [12] * 10
    assert teacher.count('class="mistaken"') == 1 and teacher.count('class="right"') == 9
    assert (
        labels_of(markup)[0] == "Confusion matrix of Teacher: 90.0% right. 0 taken for 1 12 times"
    )


def test_many_classes_are_a_list(run_dir, edit):
    names = [f"breed {i}" for i in range(30)]
    edit("config.json", lambda config: config["dataset"].update(class_names=names))
    markup = mistakes.render(load_run(run_dir))
    assert "<svg" not in markup
    assert "<li>breed 0 taken for breed 1: 12</li>" in markup


def test_disagreements_are_counted_and_shown(run_dir):
    markup = disagreements.render(load_run(run_dir))
    assert "KD + LP and the teacher agree on 90.0% of the images." in markup
    assert "Of the 12 others the teacher is right on 12, KD + LP on 0." in markup
    assert markup.count("<img") == 9 and markup.count('<dd class="wrong">') == 9
    assert markup.count('alt="labelled 5"') == 9  # numbers 5, 15, 25 ...: the student alone errs


def test_full_agreement_shows_no_images(run_dir):
    logits, images = np.eye(10) * 5, np.zeros((10, 8, 8, 1), np.uint8)
    same = {"teacher": logits, "student": logits}
    write_answers(run_dir / "answers.npz", images, np.arange(10), same, {})
    run = load_run(run_dir)
    assert disagreements.render(run).count("<p>") == 1 and "<img" not in disagreements.render(run)
    assert maps.render(run) is None
    assert len(labels_of(mistakes.render(run))) == 2 == len(labels_of(confidence.render(run)))


def test_reliability_is_that_of_the_phone_file(run_dir):
    labels = labels_of(confidence.render(load_run(run_dir)))
    assert [re.match("Reliability of (.*?), expected", label).group(1) for label in labels] == [
        "Teacher", "Student alone", "KD + LP, int8 file",
    ]  # fmt: skip
    # Sure of all answers to about exp(3) / (exp(3) + 9) = 69 %, and right on 90, 75 and 80 %.
    errors = [float(re.search("error ([0-9.]+)%", label).group(1)) for label in labels]
    assert errors == pytest.approx([21, 6, 11], abs=1.5)


def test_maps_have_a_point_an_image_and_a_name_a_class(run_dir):
    markup = maps.render(load_run(run_dir))
    teacher = markup[: markup.index("</figure>")]
    assert sum(path.count("M") for path in re.findall(r'<path d="([^"]*)"', teacher)) == 120
    names = re.findall(r'class="label strong"[^>]*>(.*?)<', teacher)
    assert names == [str(i) for i in range(10)]
    assert markup.count("<figure>") == 3 and "All 120 test images." in markup


def test_of_many_classes_the_largest_are_coloured(run_dir, edit):
    names = [f"breed {i}" for i in range(12)]
    edit("config.json", lambda config: config["dataset"].update(class_names=names))
    logits, labels = np.eye(12)[np.arange(120) % 12] * 5, np.arange(120) % 12
    labels[labels == 3] = 4
    outputs = {"teacher": logits, "student": logits}
    pixels = np.zeros((120, 8, 8, 1), np.uint8)
    write_answers(run_dir / "answers.npz", pixels, labels, outputs, {"teacher": logits})
    markup = maps.render(load_run(run_dir))
    shown = re.findall(r'class="label strong"[^>]*>(.*?)<', markup)
    assert shown == [f"breed {i}" for i in range(11) if i != 3]
    assert markup.count("series-other") == 1 and "10 classes with the most images" in markup


def test_the_front_is_what_nothing_beats():
    points = [(10, 0.90), (20, 0.95), (15, 0.80), (20, 0.93), (30, 0.95), (40, 0.99), (10, 0.85)]
    assert tradeoff.front(points) == [(10, 0.90), (20, 0.95), (40, 0.99)]


def test_both_prices_are_drawn_and_what_was_not_measured_is_left_out(run_dir, edit):
    markup = tradeoff.render(load_run(run_dir))
    assert markup.count("<figure") == 2 and markup.count("<svg") == 4
    assert "Teacher float32: 1.25\xa0MB, 98.6%" in markup
    assert "Teacher float32: 0.0013\xa0ms, 98.6%" in markup

    def forget(results):
        for row in results["rows"]:
            for score in row["tflite"].values():
                score["latency_ms"] = None

    edit("results.json", forget)
    assert tradeoff.render(load_run(run_dir)).count("<figure") == 1


def test_on_a_phone_a_name_keeps_clear_of_the_axis(run_dir, edit):
    def keep_one(results):
        for row in results["rows"]:
            files = {"int8": row["tflite"]["int8"], "float32": row["tflite"]["float32"]}
            row["tflite"] = files if row["key"] == "kd_lp" else None

    edit("results.json", keep_one)
    markup = tradeoff.render(load_run(run_dir))
    narrow = re.findall(r'<svg class="chart narrow".*?</svg>', markup)
    assert len(narrow) == 2
    for drawing in narrow:
        x, anchor = re.search(
            r'<text x="([\d.]+)"[^>]*text-anchor="(\w+)">KD \+ LP<', drawing
        ).groups()
        width = svg.width_of(["KD + LP"])
        left = float(x) - (width if anchor == "end" else 0)
        assert 38 <= left and left + width <= svg.NARROW
