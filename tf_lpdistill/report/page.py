"""The page: the sections one after the other, and the head that makes it self-contained."""

import base64
import hashlib
import pathlib

from tf_lpdistill import files
from tf_lpdistill.report.load import load_run
from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.sections import (
    confidence,
    curves,
    disagreements,
    dots,
    headline,
    maps,
    mistakes,
    neighbors,
    reproduce,
    run_files,
    table,
    terms,
    tradeoff,
)
from tf_lpdistill.report.style import STYLE

_SECTIONS = (
    table,
    dots,
    tradeoff,
    mistakes,
    disagreements,
    confidence,
    maps,
    neighbors,
    curves,
    terms,
    run_files,
    reproduce,
)


def write_report(run_dir):
    """Reads a run folder and writes `report.html` into it, whole or not at all.

    Args:
        run_dir: the folder, `str` or `pathlib.Path`; see `load_run` for what it holds.

    Returns:
        The `pathlib.Path` of the page.

    Raises:
        FileNotFoundError: when the folder, config.json or results.json does not exist.
        ValueError: when a file of the folder is damaged; the text names it.
        OSError: when the page cannot be written.
    """
    path = pathlib.Path(run_dir) / "report.html"
    files.write_text(path, render(load_run(run_dir)))
    return path


def render(run):
    """Returns the page of a `Run` as HTML text.

    The page loads nothing: style and images are inside, and its content security policy lets
    the browser take only those (the style by its hash), and run no script.
    """
    parts = [(section, section.render(run)) for section in _SECTIONS]
    shown = [(section, body) for section, body in parts if body is not None]
    return "<!doctype html>\n" + tag(
        "html",
        tag("head", _head(run)),
        tag(
            "body",
            tag("header", headline.render(run), _contents([s for s, _ in shown])),
            tag("main", [_section(section, body) for section, body in shown]),
            tag("footer", tag("p", "Made by tf_lpdistill from the files of one run.")),
        ),
        lang="en",
    )


def _head(run):
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return join(
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", run.title),
        tag("link", rel="icon", href="data:,"),
        tag("style", Markup(STYLE)),
    )


def _contents(sections):
    links = [tag("li", tag("a", s.TITLE, href=f"#{s.NAME}")) for s in sections]
    return tag("nav", tag("ul", links), aria_label="Sections")


def _section(section, body):
    heading = tag("h2", section.TITLE, id=f"{section.NAME}-title")
    return tag(
        "section",
        tag("div", heading, tag("p", section.ABOUT), class_="about"),
        tag("div", body, class_="body"),
        id=section.NAME,
        aria_labelledby=f"{section.NAME}-title",
    )
