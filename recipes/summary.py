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
    """Prints the rows as a table."""
    print(
        f"\n{'':16}{'accuracy %':>16}{'overlap':>9}{'params':>9}"
        f"{'float32':>11}{'int8':>11}{'int8 acc %':>12}{'latency*':>11}"
    )
    for row in rows:
        percent = [100 * value for value in row["accuracy"]]
        spread = f" ±{statistics.stdev(percent):.2f}" if len(percent) > 1 else ""
        overlap = row["neighborhood_overlap"]
        overlap = f"{statistics.mean(overlap):.3f}" if overlap else ""
        float32, int8 = row["tflite"]["float32"], row["tflite"]["int8"]
        print(
            f"{('* ' if row['best'] else '  ') + row['name']:16}"
            f"{f'{statistics.mean(percent):.2f}{spread}':>16}{overlap:>9}{row['parameters']:>9,}"
            f"{float32['bytes'] / 1024:>8.1f} KB{int8['bytes'] / 1024:>8.1f} KB"
            f"{100 * int8['accuracy']:>12.2f}{int8['latency_ms']:>8.3f} ms"
        )
    print("* exported to phone/ (chosen on validation images). Latency: int8 on this computer.")
