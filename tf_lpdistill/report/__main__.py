"""`python -m tf_lpdistill.report RUN [RUN ...]` writes a page of one run, or one of several."""

import argparse
import sys
from collections.abc import Sequence

from tf_lpdistill.report.comparison import write_comparison
from tf_lpdistill.report.page import write_report


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the report of a run folder, or the comparison of several, and prints its path.

    Args:
        arguments: list of `str`; by default those of the process.

    Returns:
        The exit status: 0, or 1 when the folder cannot be read or the page not written.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tf_lpdistill.report",
        description="Makes one self-contained page from the folder of a run: report.html in it; "
        "of several runs, a page that compares them.",
    )
    parser.add_argument(
        "run", nargs="+", metavar="RUN", help="the --run_dir of a recipe that has finished"
    )
    parser.add_argument(
        "--output", help="the page (report.html in RUN; comparison.html here of several runs)"
    )
    given = parser.parse_args(arguments)
    try:
        if len(given.run) > 1:
            print(write_comparison(given.run, given.output or "comparison.html"))
        else:
            print(write_report(given.run[0], given.output))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
