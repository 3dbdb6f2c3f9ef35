"""The table that closes a recipe, and what it says in words."""

import statistics


def reading(rows):
    """What the table says, in words: differences of paired seeds, and what did not help."""
    alone = next(row for row in rows if row["key"] == "alone")
    sentences = []
    for row in rows:
        if row["key"] in ("teacher", "alone"):
            continue
        gains = [100 * (a - b) for a, b in zip(row["accuracy"], alone["accuracy"], strict=True)]
        mean, low = statistics.mean(gains), min(gains)
        if low > 0:
            text = f"{row['name']} adds {mean:.1f} points to the student alone, in every seed"
        elif mean > 0:
            text = f"{row['name']} adds {mean:.1f} points on average, but not in every seed"
        else:
            text = f"{row['name']} does not help here ({mean:+.1f} points)"
        sentences.append(text)
    return "; ".join(sentences) + f". {len(alone['accuracy'])} seeds, the same for all methods."


def print_table(rows):
    """Prints the rows as a table; what was not measured stays empty."""
    width = max(16, *(len(row["name"]) + 3 for row in rows))
    print(
        f"\n{'':{width}}{'accuracy %':>16}{'overlap':>9}{'params':>11}"
        f"{'float32':>12}{'int8':>12}{'int8 acc %':>12}{'latency*':>11}"
    )
    for row in rows:
        percent = [100 * value for value in row["accuracy"]]
        spread = f" ±{statistics.stdev(percent):.2f}" if len(percent) > 1 else ""
        overlap = row["neighborhood_overlap"]
        overlap = f"{statistics.mean(overlap):.3f}" if overlap else ""
        print(
            f"{('* ' if row['best'] else '  ') + row['name']:{width}}"
            f"{f'{statistics.mean(percent):.2f}{spread}':>16}{overlap:>9}{row['parameters']:>11,}"
            f"{_files(row['tflite']) if row['tflite'] else ''}"
        )
    print("* exported to phone/ (chosen on validation images). Latency: int8 on this computer.")


def _files(tflite):
    float32, int8 = tflite["float32"], tflite["int8"]
    return (
        f"{float32['bytes'] / 1024:>9.1f} KB{int8['bytes'] / 1024:>9.1f} KB"
        f"{100 * int8['accuracy']:>12.2f}{int8['latency_ms']:>8.3f} ms"
    )
