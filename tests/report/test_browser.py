"""The page in a real browser, where there is one: a phone, a tablet, a desktop, dark, on paper."""

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
PAPER = (718, 739)  # A4 and US letter in CSS pixels, without the margins
DARK = "--blink-settings=preferredColorScheme=0"

# The report stays as it is; a page around it, of the same folder, measures it.
FRAME = """<!doctype html><meta charset="utf-8"><body>
FRAMES
<script>
const numbers = color => color.match(/[0-9.]+/g).map(Number);
const luminance = color => numbers(color).slice(0, 3)
  .map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const ground = element => {
  const color = getComputedStyle(element).backgroundColor;
  return numbers(color)[3] === 0 ? ground(element.parentElement) : color;
};
const contrast = element => {
  const style = getComputedStyle(element);
  const text = element.closest("svg") ? style.fill : style.color;
  const [low, high] = [text, ground(element)].map(luminance).sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
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
      contrast: Math.min(...shown("body *")
        .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
        .map(contrast)),
      spoken: shown(".spoken").map(e => e.getBoundingClientRect().width),
      links: shown("nav a").length,
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


def printed(text):
    """The page with the style of paper on a screen; the policy would refuse a style so changed."""
    text = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    assert "@media print" in text and "@media screen" in text
    return text.replace("@media print", "@media all").replace("@media screen", "@media (width:0)")


@pytest.fixture
def measure(run_dir, browse):
    """Returns a function that measures the report at each of the widths."""

    def measure_page(*options, runs=None, widths=WIDTHS, as_printed=False):
        page = run_dir / "report.html"
        write_comparison(runs, page) if runs else write_report(run_dir)
        if as_printed:
            page.write_text(printed(page.read_text()))
        frame = run_dir / "frame.html"
        tags = (f'<iframe src="report.html" width="{w}" height="800"></iframe>' for w in widths)
        frame.write_text(FRAME.replace("FRAMES", "".join(tags)))
        document, console = browse(frame, *options)
        measured = re.search('<pre id="measured">(.*?)</pre>', document).group(1)
        return json.loads(html.unescape(measured)), console

    return measure_page


def check_fit(pages, console):
    """Nothing sticks out at any width, no text is too small, and the browser has no complaint."""
    assert console == []
    for page, width in zip(pages, WIDTHS, strict=True):
        assert page["needed"] <= page["width"] <= width
        assert page["outside"] == []
        assert page["smallest"] >= 10


def test_it_fits_every_screen(measure, edit):
    names = ["an extraordinarily long name of a class", "Donaudampfschifffahrt" * 3]
    edit("config.json", lambda c: c["dataset"].update(class_names=names + list("23456789")))
    edit("results.json", lambda r: r.update(hardware="x" * 200))
    pages, console = measure()
    check_fit(pages, console)
    for page in pages:
        assert page["images"] == 9 + 3 * (1 + 3 * 5)
        assert page["paper"] == "rgb(251, 250, 247)"
        assert page["contrast"] >= 4.5
        assert page["spoken"] and max(page["spoken"]) <= 1 and page["links"] == 12
    assert [(page["narrow"], page["wide"]) for page in pages] == [(4, 0), (4, 0), (0, 4), (0, 4)]


@pytest.mark.usefixtures("comparison")
def test_thirty_methods_fit_every_screen(measure):
    pages, console = measure()
    check_fit(pages, console)


@pytest.mark.usefixtures("search")
def test_a_search_fits_every_screen(measure):
    pages, console = measure()
    check_fit(pages, console)
    assert [(page["narrow"], page["wide"]) for page in pages] == [(5, 0), (5, 0), (0, 5), (0, 5)]


def test_runs_with_long_names_fit_every_screen(measure, run_dir, tmp_path):
    runs = [run_dir, tmp_path / "a-second-run-with-a-name-that-is-far-too-long-for-a-label"]
    shutil.copytree(run_dir, runs[1])
    pages, console = measure(runs=runs)
    check_fit(pages, console)


def test_it_follows_a_dark_screen(measure):
    pages, console = measure(DARK)
    assert console == []
    for page in pages:
        assert page["paper"] == "rgb(22, 22, 21)"
        assert page["outside"] == [] and page["contrast"] >= 4.5


def test_it_fits_paper_which_is_light_on_a_dark_screen_too(measure):
    pages, console = measure(DARK, "--hide-scrollbars", widths=PAPER, as_printed=True)
    assert console == []
    for page, width in zip(pages, PAPER, strict=True):
        assert page["needed"] <= page["width"] <= width
        assert page["outside"] == []
        assert page["paper"] == "rgb(255, 255, 255)" and page["contrast"] >= 4.5
        assert page["smallest"] >= 8  # of 96 an inch: 6 points, the counts in a matrix
        assert (page["narrow"], page["wide"], page["links"]) == (0, 4, 0)


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
