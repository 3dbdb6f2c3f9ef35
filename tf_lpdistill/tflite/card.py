"""MODEL_CARD.md: the facts of a bundle in words, and nothing that is not among them."""

from typing import Any


def model_card(facts: dict[str, Any]) -> str:
    """Returns the card, Markdown.

    Args:
        facts: the content of bundle.json.
    """
    height, width = facts["preprocessing"]["image_size"]
    batch = facts["made_from"]["conversion"]["batch_size"]
    parts = [
        f"# {facts['name']}",
        facts["about"]["description"] or _what(facts),
        _about(facts),
        "## Files",
        _table(facts),
        _verdict(facts),
        _diagnosis(facts),
        "## Input and output",
        f"Input: one RGB picture of {height}x{width} pixels, values 0..255 as they are, "
        f"({batch}, height, width, 3). float32{_int8_input(facts)}. Nothing is to be scaled "
        "by the app: " + _inside(facts),
        _output(facts, batch),
        _training(facts),
        "## Limits",
        _limits(facts),
        "## Made with",
        _made(facts),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _what(facts):
    if facts["labels"]:
        return f"An image classifier with {len(facts['labels'])} classes."
    return "An image embedder: pictures that are alike get numbers that are near each other."


def _output(facts, batch):
    if not facts["labels"]:
        width = next(iter(facts["files"].values()))["output"]["shape"][-1]
        return (
            f"Output: `embedding`, ({batch}, {width}) float32, compared by the cosine. Each file "
            "holds the metadata that MediaPipe's ImageEmbedder asks for."
        )
    calibrated = (
        " MediaPipe calibrates the scores by the sigmoids in the metadata; who runs the file "
        "without it reads them as the student gives them."
        if facts["score_calibration"]
        else ""
    )
    labels = ", ".join(f"`{label.replace('`', chr(39))}`" for label in facts["labels"])
    return (
        f"Output: `probability`, ({batch}, {len(facts['labels'])}) float32, in the order of "
        "labels.txt, which is also inside each file, together with the metadata that MediaPipe's "
        f"ImageClassifier asks for.{calibrated}\n\nLabels: {labels}"
    )


def _about(facts):
    about = facts["about"]
    lines = [f"Version {about['version']}." if about["version"] else ""]
    lines += [f"Author: {about['author']}." if about["author"] else ""]
    lines += [f"Licence: {about['license']}." if about["license"] else ""]
    return " ".join(line for line in lines if line)


def _training(facts):
    """A line each on data, teacher and method, as far as the maker told."""
    origin = facts.get("origin") or {}
    told = {part: origin.get(part) for part in ("data", "teacher", "method")}
    lines = [f"* {part.capitalize()}: {text}" for part, text in told.items() if text]
    return "\n".join(["## How it was trained", "", *lines]) if lines else ""


def _limits(facts):
    own = (facts.get("origin") or {}).get("limits")
    lines = [own or "Its scores hold for pictures like those that they were measured on."]
    if facts["labels"]:
        lines.append(
            "It answers every picture with one of its labels, also one that shows none of them."
        )
        if not facts["score_calibration"]:
            lines.append(
                "Its probabilities are not calibrated: do not read them as shares of right answers "
                "without a test."
            )
    lines.append("It was not run on a phone: measure there what it costs in time and energy.")
    return "\n".join(f"* {line}" for line in lines)


def _table(facts):
    host = facts.get("host_benchmark", {}).get("files", {})
    rows = [
        "| file | bytes | zipped | runs from runtime | integer operations | accuracy | agreement | "
        "host latency, ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for precision, entry in facts["files"].items():
        latency = host.get(precision, {}).get("latency_ms")
        cells = [
            entry["file"],
            f"{entry['bytes']:,}",
            f"{entry['zipped_bytes']:,}",
            entry["minimum_runtime"] or "unknown",
            f"{entry['int8_share'] + entry['int16_share']:.0%}",
            _with_interval(entry, "accuracy"),
            f"cosine {entry['cosine']:.4f}"
            if "cosine" in entry
            else _with_interval(entry, "agreement"),
            f"{latency:.3f}" if latency is not None else "-",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _with_interval(entry, key):
    if key not in entry:
        return "-"
    low, high = entry[f"{key}_interval"]
    return f"{entry[key]:.4f} ({low:.4f} to {high:.4f})"


def _diagnosis(facts):
    lines = []
    for entry in facts["files"].values():
        if "diagnosis" in entry:
            worst = ", ".join(
                f"{' + '.join(w['layers']) or w['tensor']} ({w['loss_db']:g} dB)"
                for w in entry["diagnosis"]["worst_layers"]
            )
            lines.append(f"{entry['file']} loses most in: {worst}. {entry['diagnosis']['advice']}")
    return " ".join(lines)


def _verdict(facts):
    lines = []
    scores = list(facts["files"].values())
    if "cosine" in scores[0]:
        lines.append(
            f"Measured on {scores[0]['images']:,} images: the mean cosine with the Keras student's "
            "embedding."
        )
    elif "keras" in facts:
        keras = facts["keras"]
        lines.append(
            f"Measured on {keras['images']:,} images; the Keras student scores "
            f"{keras['accuracy']:.4f}. Agreement: the share of images with the same first class. "
            "In brackets: 95 % intervals, by the bootstrap over the images."
        )
    else:
        lines.append("Not verified yet: `tflite.verify` measures accuracy and agreement.")
    if "host_benchmark" in facts:
        host = facts["host_benchmark"]
        lines.append(
            f"Host latency: median of {host['runs']} runs, {host['threads']} thread(s), "
            f"{host['cpu']}. This is not a phone's latency."
        )
    return " ".join(lines)


def _int8_input(facts):
    conversion = facts["made_from"]["conversion"]
    return ", or uint8 for the int8 file" if conversion["int8_input"] == "uint8" else ""


def _inside(facts):
    pre = facts["preprocessing"]
    scaling = pre["scaling"]
    if scaling == "mean_std":
        scaling = f"(pixel - {pre['mean']}) / {pre['std']}"
    steps = ["the conversion to grey"] if pre["color"] == "grayscale" else []
    steps.append(f"the scaling ({scaling})")
    if facts["labels"]:
        steps.append(
            "the softmax, added at export"
            if facts["softmax_added"]
            else "the student's own softmax"
        )
    return ", ".join(steps) + " are inside."


def _made(facts):
    made = facts["made_from"]
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    line = f"Student `{made['student']}`, {made['parameters']:,} parameters. {versions}."
    if made["calibration_images"]:
        line += f" int8 calibrated on {made['calibration_images']} images."
    if made.get("quantization_aware"):
        line += " The int8 file has the ranges of a quantization-aware training."
    if made["conversion"]["float_layers"]:
        line += " The int8 file computes in float: " + ", ".join(
            f"`{name}`" for name in made["conversion"]["float_layers"]
        )
        line += ", and the operations fused with these."
    return line
