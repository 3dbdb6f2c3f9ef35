"""The page in a real browser, where there is one: at the widths of a phone, a tablet, a desktop."""

import html
import json
import re
import shutil
import subprocess
import tempfile

import pytest

from tf_lpdistill.report import write_comparison, write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDTHS = (360, 600, 800, 1440)

# The report stays as it is; a page around it, of the same folder, measures it.
FRAME = """<!doctype html><meta charset="utf-8"><body>
<iframe src="report.html" width="360" height="800"></iframe>
<iframe src="report.html" width="600" height="800"></iframe>
<iframe src="report.html" width="800" height="800"></iframe>
<iframe src="report.html" width="1440" height="800"></iframe>
<script>
addEventListener("load", () => {
  const measured = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument, root = page.documentElement;
    const shown = name => [...page.querySelectorAll(name)].filter(e => e.getClientRects().length);
    return {
      width: root.clientWidth,
      needed: root.scrollWidth,
      outside: [...page.body.querySelectorAll("*")]
        .filter(e => e.getBoundingClientRect().right > root.clientWidth + 1)
        .map(e => e.outerHTML.slice(0, 90)),
      wide: shown(".chart.wide").length,
      narrow: shown(".chart.narrow").length,
      smallest: Math.min(...shown("svg text").map(
        e => parseFloat(getComputedStyle(e).fontSize) *
          Math.hypot(e.getScreenCTM().a, e.getScreenCTM().b))),  // some texts run upwards
      images: [...page.images].filter(image => image.naturalWidth === 8).length,
      paper: getComputedStyle(root).backgroundColor,
    };
  });
  const result = document.createElement("pre");
  result.id = "measured";
  result.textContent = JSON.stringify(measured);
  document.body.append(result);
});
</script></body>"""


@pytest.fixture
def browse(tmp_path):
    """Returns a function that opens a page and returns (its document, the console's lines)."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")

    def open_page(path, *options):
        profile = tempfile.mkdtemp(dir=tmp_path)
        command = [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--allow-file-access-from-files", "--enable-logging=stderr",
            "--virtual-time-budget=5000", f"--user-data-dir={profile}", *options,
            "--dump-dom", path.as_uri(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
        return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    return open_page


@pytest.fixture
def measure(run_dir, browse):
    """Returns a function that measures the report at each of the widths."""

    def measure_page(*options, runs=None):
        if runs:
            write_comparison(runs, run_dir / "report.html")
        else:
            write_report(run_dir)
        frame = run_dir / "frame.html"
        frame.write_text(FRAME)
        document, console = browse(frame, *options)
        measured = re.search('<pre id="measured">(.*?)</pre>', document).group(1)
        return json.loads(html.unescape(measured)), console

    return measure_page


def test_it_fits_every_screen(measure, edit):
    names = ["an extraordinarily long name of a class", "Donaudampfschifffahrt" * 3]
    edit("config.json", lambda c: c["dataset"].update(class_names=names + list("23456789")))
    edit("results.json", lambda r: r.update(hardware="x" * 200))
    pages, console = measure()
    assert console == []
    for page, width in zip(pages, WIDTHS, strict=True):
        assert page["needed"] <= page["width"] <= width
        assert page["outside"] == []
        assert page["smallest"] >= 10
        assert page["images"] == 9 + 3 * (1 + 3 * 5)
        assert page["paper"] == "rgb(251, 250, 247)"
    assert [(page["narrow"], page["wide"]) for page in pages] == [(4, 0), (4, 0), (0, 4), (0, 4)]


@pytest.mark.usefixtures("comparison")
def test_thirty_methods_fit_every_screen(measure):
    pages, console = measure()
    assert console == []
    for page, width in zip(pages, WIDTHS, strict=True):
        assert page["needed"] <= page["width"] <= width
        assert page["outside"] == []
        assert page["smallest"] >= 10


@pytest.mark.usefixtures("search")
def test_a_search_fits_every_screen(measure):
    pages, console = measure()
    assert console == []
    for page, width in zip(pages, WIDTHS, strict=True):
        assert page["needed"] <= page["width"] <= width
        assert page["outside"] == []
        assert page["smallest"] >= 10
    assert [(page["narrow"], page["wide"]) for page in pages] == [(5, 0), (5, 0), (0, 5), (0, 5)]


def test_runs_with_long_names_fit_every_screen(measure, run_dir, tmp_path):
    runs = [run_dir, tmp_path / "a-second-run-with-a-name-that-is-far-too-long-for-a-label"]
    shutil.copytree(run_dir, runs[1])
    pages, console = measure(runs=runs)
    assert console == []
    for page, width in zip(pages, WIDTHS, strict=True):
        assert page["needed"] <= page["width"] <= width
        assert page["outside"] == []
        assert page["smallest"] >= 10


def test_it_follows_a_dark_screen(measure):
    pages, console = measure("--blink-settings=preferredColorScheme=0")
    assert console == []
    assert [page["paper"] for page in pages] == ["rgb(22, 22, 21)"] * 4


LOADER = """<!doctype html><meta charset="utf-8"><img src="http://127.0.0.1:9/pixel.png">"""


def requested(browse, page, log):
    """The addresses of the network that a page asks for, by Chromium's own log of its network."""
    browse(page, f"--log-net-log={log}")
    # A browser that is closed may leave the last bracket out, so that the log is read as text.
    # An event is a line; what the browser asks on its own account has no origin.
    asks = r'"initiator":"(?!not an origin").*?"url":"((?:https?|wss?|ftp)://[^"]*)"'
    text = log.read_text(encoding="utf-8")
    assert page.as_uri() in text
    return set(re.findall(asks, text))


def test_it_asks_the_network_for_nothing(run_dir, browse, tmp_path):
    loader = tmp_path / "loader.html"
    loader.write_text(LOADER)
    assert requested(browse, loader, tmp_path / "loader.log") == {"http://127.0.0.1:9/pixel.png"}
    assert requested(browse, write_report(run_dir), tmp_path / "report.log") == set()


def test_it_prints(run_dir, browse, tmp_path):
    paper = tmp_path / "report.pdf"
    browse(write_report(run_dir), f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    content = paper.read_bytes()
    assert content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert 2 <= pages <= 12
