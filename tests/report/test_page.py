import base64
import collections
import hashlib
import html.parser
import re

import numpy as np
import pytest

from tf_lpdistill.report import write_report

ANSWERS = ["mistakes", "disagreements", "confidence", "maps"]
SECTIONS = ["table", "seeds", "sizes", *ANSWERS]
SECTIONS += ["neighbours", "curves", "terms", "files", "reproduce"]
SHOWN_IMAGES = 9
VOID = {"br", "col", "hr", "img", "link", "meta"}
HOSTILE = "<script>alert('x')</script>\"&\x00"
SHOWN = HOSTILE.replace("\x00", "\ufffd")


class Page(html.parser.HTMLParser):
    """Reads a page strictly: every element is closed, in order, and no attribute is doubled."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self._open = [], [], []
        self.feed(text)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"{tag} {names}"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self):
        return " ".join(self.text).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
def make(run_dir):
    """Returns a function that writes the report and reads it back."""
    return lambda: Page(write_report(run_dir).read_text(encoding="utf-8"))


def not_finite(page):
    """The numbers of the drawings that are none."""
    values = [value for _, attributes in page.elements for value in attributes.values() if value]
    return [value for value in values if re.search(r"\b(nan|inf)\b", value)]


def sections(page):
    return [attributes["id"] for attributes in page.all("section")]


def test_the_page_is_whole(make, run_dir):
    page = make()
    assert (run_dir / "report.html").read_text().startswith("<!doctype html>\n<html")
    assert sections(page) == SECTIONS
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    links = {attributes["href"].lstrip("#") for attributes in page.all("a")}
    assert links == set(SECTIONS)


def test_numbers_of_the_run_appear(make):
    words = make().words
    expected = (
        "98.6%", "95.6 ± 0.3%", "89.9 ± 1.1%", "+5.6", "+4.9", "+3.1",  # accuracies and gains
        "0.51 ± 0.02", "312,650", "1,482", "1.25 MB", "11.2 kB", "3.7 kB",
        "336×", "0.0010 ms", "p95 0.0031 ms", "1.6.0", "99.2%",  # 1254000 / 3733 = 335.9
        "1,137 for training, 150 of them with labels", "2.21.0", "0, 1, 2", "Example CPU, 2 cores",
        "5 of 15 for KD + LP, 3 of 15 for Student alone",
    )  # fmt: skip
    assert [text for text in expected if text not in words] == []


def test_checksums_appear(make, run_dir):
    words = make().words
    for path in (run_dir / "phone").glob("*.tflite"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() in words


def test_nothing_is_loaded_from_elsewhere(make, run_dir):
    page = make()
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data", "poster", "style"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")), (tag, value)
    text = (run_dir / "report.html").read_text()
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<script|<iframe|\bon[a-z]+=", text)


def test_the_policy_allows_the_style_of_the_page_and_no_script(make, run_dir):
    policies = [m["content"] for m in make().all("meta") if "http-equiv" in m]
    text = (run_dir / "report.html").read_text()
    style = re.search("<style>(.*?)</style>", text, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    ]


def test_all_text_is_escaped(make, run_dir, edit):
    def poison_config(config):
        config.update(recipe=HOSTILE, title=HOSTILE, command=HOSTILE)
        config.update(flags={HOSTILE: HOSTILE}, versions={HOSTILE: HOSTILE})
        names = [HOSTILE + str(i) for i in range(10)]
        config["dataset"].update(name=HOSTILE, description=HOSTILE, class_names=names)

    def poison_results(results):
        results.update(reading=HOSTILE, hardware=HOSTILE)
        for row in results["rows"]:
            row["name"] = HOSTILE + row["name"]
            row["tflite"] = {f"<b>{name}": score for name, score in row["tflite"].items()}
            for score in row["tflite"].values():
                score["minimum_runtime"] = HOSTILE

    before = collections.Counter(tag for tag, _ in make().elements)
    edit("config.json", poison_config)
    edit("results.json", poison_results)
    history = (run_dir / "history.csv").read_text()
    (run_dir / "history.csv").write_text(history.replace("soft_target", "<i onload=x>"))
    (run_dir / "phone" / "<u>'\".txt").write_text("")
    page = make()
    after = collections.Counter(tag for tag, _ in page.elements)
    # One more file is listed; the scores no longer find their files by precision. No element of
    # the hostile text's may have been born.
    assert set(after) <= set(before)
    assert not {"script", "u"} & set(after)
    assert page.words.count(SHOWN) > 30
    assert f"{SHOWN}7" in {image["alt"].split(",")[0] for image in page.all("img")}
    assert "phone/<u>'\".txt" in page.words
    assert "<i onload=x>" in page.words


def test_every_image_and_chart_has_a_text(make):
    page = make()
    assert len(page.all("img")) == SHOWN_IMAGES + 3 * (1 + 3 * 5)
    assert all(image["alt"] for image in page.all("img"))
    drawings = [svg for svg in page.all("svg") if "role" in svg]
    # Four charts for two screens; loss, student, val, term; three networks in three sections.
    assert len(drawings) == 4 * 2 + 4 + 3 * 3
    # The main finding in numbers, in whole sentences.
    assert all(re.search(r"\d.*\.$", svg["aria-label"]) for svg in drawings)
    assert len(page.all("caption")) == 2 + 3 + 3 + 1  # prices, matrices, reliability, curves
    groups = [d["aria-label"] for d in page.all("div") if d.get("role") == "group"]
    assert len(groups) == 3 and all("shared with the teacher." in text for text in groups)


def test_neighbors_are_marked_as_the_arrays_say(make, run_dir):
    page = make()
    with np.load(run_dir / "neighbors.npz") as file:
        arrays = dict(file)
    wrong = sum(
        int((arrays[f"{name}_labels"] != arrays["labels"][:, None]).sum())
        for name in ("teacher", "student", "alone")
    )
    shared = int(arrays["shared"].sum() + arrays["alone_shared"].sum())
    classes = [(item.get("class") or "").split() for item in page.all("li")]
    assert sum("wrong" in names for names in classes) == wrong
    assert sum("shared" in names for names in classes) == shared
    alts = [image["alt"] for image in page.all("img")]
    assert sum("another class" in alt for alt in alts) == wrong
    assert sum("also a neighbour for the teacher" in alt for alt in alts) == shared


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("history.csv", {"curves", "terms"}),
        ("neighbors.npz", {"neighbours"}),
        ("answers.npz", set(ANSWERS)),
    ],
)
def test_a_section_without_its_file_is_left_out(make, run_dir, name, gone):
    (run_dir / name).unlink()
    assert set(SECTIONS) - set(sections(make())) == gone


def test_a_run_without_phone_files(make, run_dir, edit):
    for path in (run_dir / "phone").iterdir():
        path.unlink()
    edit("results.json", lambda results: [row.update(tflite=None) for row in results["rows"]])
    page = make()
    assert set(SECTIONS) - set(sections(page)) == {"files", "sizes"}
    assert "211×" in page.words and "fewer parameters than the teacher" in page.words
    assert ".tflite" not in page.words


def test_a_run_without_the_student_alone_compares_nothing_with_it(make, edit, run_dir):
    told = ("dashed line is the mean of the student alone", "difference to the student alone")
    whole = make().words
    assert all(text in whole for text in told)

    def leave_out(results):
        results["rows"] = [row for row in results["rows"] if row["key"] != "alone"]

    edit("results.json", leave_out)
    (run_dir / "history.csv").unlink()
    words = make().words
    assert "A dot is one training run" in words and not any(text in words for text in told)


def test_the_smallest_run(make, run_dir, edit):
    """One row, one seed, one epoch, equal accuracies: no scale may have a length of zero."""

    def only_alone(results):
        row = results["rows"][1] | {"accuracy": [1.0], "neighborhood_overlap": None}
        results.update(rows=[row], exported=None, seeds=[0])

    edit("results.json", only_alone)
    (run_dir / "history.csv").write_text("method,seed,epoch,loss,val_accuracy\nalone,0,1,0.0,1.0\n")
    page = make()
    assert "100.0%" in page.words
    assert not_finite(page) == []


def test_many_methods_and_diverged_ones(make, edit, run_dir):
    def add(results):
        results["rows"] += [
            results["rows"][2] | {"name": f"M{i}", "key": f"m{i}"} for i in range(9)
        ]

    edit("results.json", add)
    with open(run_dir / "history.csv", "a") as file:
        file.write("m0,0,0,nan,nan,nan,nan,nan,\nm1,0,0,inf,1,0.5,1,0.5,\n")
    page = make()
    assert "M8" in page.words
    assert not_finite(page) == []


def test_an_earlier_report_survives_a_damaged_run(make, run_dir):
    (run_dir / "report.html").write_text("earlier")
    (run_dir / "results.json").write_text("{")
    with pytest.raises(ValueError, match=r"results\.json is damaged"):
        make()
    assert (run_dir / "report.html").read_text() == "earlier"


def test_nothing_half_written_stays(run_dir):
    (run_dir / "report.html").mkdir()  # a file cannot replace it
    before = sorted(run_dir.iterdir())
    with pytest.raises(OSError):
        write_report(run_dir)
    assert sorted(run_dir.iterdir()) == before


def test_the_same_run_makes_the_same_page(run_dir):
    first = write_report(run_dir).read_bytes()
    assert write_report(run_dir).read_bytes() == first


def test_a_thousand_classes_are_not_all_listed(make, edit):
    names = [f"class-{i}" for i in range(1000)]
    edit("config.json", lambda config: config["dataset"].update(class_names=names))
    words = make().words
    assert "class-19 and 980 more" in words
    assert "class-20" not in words
