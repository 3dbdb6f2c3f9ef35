"""What the page shows of single images, against the arrays of the run folder."""

import re

import numpy as np
import pytest

from tf_lpdistill.report import load_run, svg, write_answers
from tf_lpdistill.report.quantities import NONE
from tf_lpdistill.report.sections import confidence, disagreements, maps, mistakes, tradeoff


def labels_of(markup):
    return re.findall(r'<svg class="chart" [^>]*aria-label="([^"]*)"', markup)


def spoken_rows(markup):
    """The rows of the tables that a screen reader finds, but for their heads."""
    bodies = "".join(re.findall('<div class="spoken">.*?<tbody>(.*?)</tbody>', markup))
    return [re.findall("<t[hd][^>]*>(.*?)</t[hd]>", row) for row in bodies.split("</tr>")[:-1]]


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
    assert labels_of(markup)[0] == (
        "Confusion matrix of Teacher. 108 of 120 images are right, 90.0%. "
        "Most often confused: 0 taken for 1 (12)."
    )
    # Each fifth image is wrong: all of class 0, and all of class 5.
    assert labels_of(markup)[1].endswith("confused: 0 taken for 1 (12), 5 taken for 6 (12).")
    assert spoken_rows(markup)[:2] == [["0", "12", "0", "1 (12)"], ["1", "12", "12", NONE]]


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
    matrices = labels_of(mistakes.render(run))
    assert len(matrices) == 2 == len(labels_of(confidence.render(run)))
    assert all(
        label.endswith("10 of 10 images are right, 100.0%. No mistake.") for label in matrices
    )


def test_reliability_is_that_of_the_phone_file(run_dir):
    labels = labels_of(confidence.render(load_run(run_dir)))
    assert [re.match(r"Reliability diagram of (.*?)\. ", label).group(1) for label in labels] == [
        "Teacher", "Student alone", "KD + LP, int8 file",
    ]  # fmt: skip
    # Sure of all answers to about exp(3) / (exp(3) + 9) = 69 %, and right on 90, 75 and 80 %.
    errors = [float(re.search("error ([0-9.]+)%", label).group(1)) for label in labels]
    assert errors == pytest.approx([21, 6, 11], abs=1.5)
    averages = [re.search("On average it is ([0-9.]+)% sure and ([0-9.]+)%", s) for s in labels]
    right = [float(found.group(2)) for found in averages]
    assert right == [90.0, 75.0, 80.0]  # the confusion matrices say the same
    for label, error, found in zip(labels, errors, averages, strict=True):
        # All answers are less sure than right, so that the two means differ by the error.
        assert float(found.group(2)) - float(found.group(1)) == pytest.approx(error, abs=0.11)
        assert "right: less sure than it might be." in label


def test_a_network_that_is_too_sure_is_called_so(run_dir):
    labels = np.arange(40) % 10
    wrong = np.eye(10)[(labels + (np.arange(40) < 10)) % 10] * 50  # certain, and wrong on a quarter
    outputs = {"teacher": np.eye(10)[labels] * 50, "student": wrong}
    write_answers(run_dir / "answers.npz", np.zeros((40, 8, 8, 1), np.uint8), labels, outputs, {})
    markup = confidence.render(load_run(run_dir))
    assert labels_of(markup)[1] == (
        "Reliability diagram of KD + LP. Expected calibration error 25.0%. On average it is 100.0% "
        "sure and 75.0% right: too sure of itself. The bin that adds most to the error: 40 images, "
        "100.0% sure, 75.0% right."
    )
    assert spoken_rows(markup) == [["100.0%", "100.0%", "40"], ["100.0%", "75.0%", "40"]]


def test_maps_have_a_point_an_image_and_a_name_a_class(run_dir):
    markup = maps.render(load_run(run_dir))
    teacher = markup[: markup.index("</figure>")]
    assert sum(path.count("M") for path in re.findall(r'<path d="([^"]*)"', teacher)) == 120
    names = re.findall(r'class="label strong"[^>]*>(.*?)<', teacher)
    assert names == [str(i) for i in range(10)]
    assert markup.count("<figure>") == 3 and "All 120 test images." in markup


def test_a_map_says_how_far_its_classes_lie_apart(run_dir):
    # Eight pairs of twins; two pairs are of two classes, one of them in both directions.
    labels = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 6, 7])
    points = np.repeat(np.arange(8.0), 2)[:, None] * [10.0, 3.0]
    points[1::2] += 0.1
    outputs = dict.fromkeys(("teacher", "student"), np.eye(10)[labels])
    pixels = np.zeros((16, 8, 8, 1), np.uint8)
    write_answers(run_dir / "answers.npz", pixels, labels, outputs, {"teacher": points})
    (label,) = labels_of(maps.render(load_run(run_dir)))
    assert label == (
        "Map of the features of Teacher in two dimensions, which hold 100% of their variance. "
        "75.0% of the points lie next to one of their own class. Most often mixed: 6 beside 7 (2), "
        "7 beside 6 (2)."
    )


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
    plain = markup.replace("\xa0", " ")
    sizes, times = re.findall('aria-label="(.*?)"', plain)[::2]
    assert sizes.startswith("File size and accuracy. On the Pareto front, the cheapest first: ")
    assert "Teacher float32 at 1.25 MB with 98.6%. Files that another one beats: " in sizes
    assert "Teacher float32 at 0.0013 ms with 98.6%. Files that another one beats: " in times
    rows = spoken_rows(plain)
    assert ["Teacher float32", "1.25 MB", "98.6%", "yes"] in rows
    front = [row[0] for row in rows[: len(rows) // 2] if row[-1] == "yes"]
    assert front == re.findall("(?:: |; )([^;:]*?) at ", sizes)
    assert int(sizes.rsplit(" ", 1)[1].strip(".")) == len(rows) // 2 - len(front) > 0

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
