"""What a run ends with: figures, rows, tables, words, phone files, report."""
