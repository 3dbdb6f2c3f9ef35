"""`python -m tf_lpdistill.report RUN_DIR` writes RUN_DIR/report.html and prints its path."""

import argparse
import sys

from tf_lpdistill.report.page import write_report


def main(arguments=None):
    """Writes the report of the run folder named on the command line.

    Args:
        arguments: list of `str`; by default those of the process.

    Returns:
        The exit status: 0, or 1 when the folder cannot be read or the page not written.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tf_lpdistill.report",
        description="Makes report.html, one self-contained page, from the folder of a run.",
    )
    parser.add_argument("run_dir", metavar="RUN_DIR", help="the --run_dir of a finished recipe")
    try:
        print(write_report(parser.parse_args(arguments).run_dir))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
