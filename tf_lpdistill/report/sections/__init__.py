"""The sections of the page, one a file: `NAME`, `TITLE`, `ABOUT` and `render(run)`.

`render` returns the body as `Markup`, or `None` when the run has nothing for the section.
"""
