"""The page: the sections one after the other, and the head that makes it self-contained."""

import base64
import hashlib
import pathlib
from collections.abc import Iterable

from tf_lpdistill import files
from tf_lpdistill.report.load import load_run
from tf_lpdistill.report.markup import Markup, join, tag
from tf_lpdistill.report.run import Run
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
    trials,
    watched,
)
from tf_lpdistill.report.style import STYLE
from tf_lpdistill.types import PathLike

_SECTIONS = (
    table,
    dots,
    trials,
    tradeoff,
    mistakes,
    disagreements,
    confidence,
    maps,
    neighbors,
    curves,
    terms,
    watched,
    run_files,
    reproduce,
)


def write_report(run_dir: PathLike, path: PathLike | None = None) -> pathlib.Path:
    """Reads a run folder and writes its page, whole or not at all.

    Args:
        run_dir: the folder, `str` or `pathlib.Path`; see `load_run` for what it holds.
        path: the page; None: `report.html` in the folder.

    Returns:
        The `pathlib.Path` of the page.

    Raises:
        FileNotFoundError: when the folder, config.json or results.json does not exist.
        ValueError: when a file of the folder is damaged; the text names it.
        OSError: when the page cannot be written.
    """
    path = pathlib.Path(run_dir) / "report.html" if path is None else pathlib.Path(path)
    files.write_text(path, render(load_run(run_dir)))
    return path


def render(run: Run) -> str:
    """Returns the page of a `run` as HTML text."""
    parts = [(s.NAME, s.TITLE, s.ABOUT, s.render(run)) for s in _SECTIONS]
    return document(run.title, headline.render(run), parts)


def document(title: str, top: Markup, parts: Iterable[tuple[str, str, str, Markup | None]]) -> str:
    """Returns a page as HTML text.

    The page loads nothing: style and images are inside, and its content security policy lets
    the browser take only those (the style by its hash), and run no script.

    Args:
        title: text, for the browser's tab.
        top: `Markup` above the sections.
        parts: list of (name, title, about, body) of the sections; those whose body is `None` are
            left out.
    """
    shown = [part for part in parts if part[-1] is not None]
    return "<!doctype html>\n" + tag(
        "html",
        tag("head", _head(title)),
        tag(
            "body",
            tag("header", top, _contents(shown)),
            tag("main", [_section(*part) for part in shown]),
            tag("footer", tag("p", "Made by tf_lpdistill from the files of a run.")),
        ),
        lang="en",
    )


def _head(title):
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
        tag("title", title),
        tag("link", rel="icon", href="data:,"),
        tag("style", Markup(STYLE)),
    )


def _contents(parts):
    links = [tag("li", tag("a", title, href=f"#{name}")) for name, title, _, _ in parts]
    return tag("nav", tag("ul", links), aria_label="Sections")


def _section(name, title, about, body):
    heading = tag("h2", title, id=f"{name}-title")
    return tag(
        "section",
        tag("div", heading, tag("p", about), class_="about"),
        tag("div", body, class_="body"),
        id=name,
        aria_labelledby=f"{name}-title",
    )
