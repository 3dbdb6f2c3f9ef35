"""Prints the table of docs/models.md."""

from tf_lpdistill import models
from tf_lpdistill.models.table import HEADER, row

if __name__ == "__main__":
    print(HEADER)
    for name, builder in models.BUILDERS.items():
        print(row(name, builder))
