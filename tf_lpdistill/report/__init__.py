"""A run folder becomes one self-contained HTML page."""

from tf_lpdistill.report.answers import write_answers
from tf_lpdistill.report.comparison import write_comparison
from tf_lpdistill.report.load import load_run
from tf_lpdistill.report.neighbors import write_neighbors
from tf_lpdistill.report.page import render, write_report
from tf_lpdistill.report.run import Run

__all__ = [
    "Run",
    "load_run",
    "render",
    "write_answers",
    "write_comparison",
    "write_neighbors",
    "write_report",
]
