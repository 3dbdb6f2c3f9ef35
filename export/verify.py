"""Scores every file of a phone bundle on real images, beside the Keras model it was made from.

  python export/verify.py --bundle phone/ --model student.keras --data photos/
  python export/verify.py --bundle phone/ --model student.keras --data test.npz

A folder holds one folder of images a class, named by the labels of the bundle; an .npz holds x,
uint8 images (n, height, width[, channels]), and y, integer labels. Take images that the model was
not trained on.

Each score comes with its 95 % interval (bootstrap over the images). "gain" is the accuracy minus
Keras's, image by image: an interval that holds 0 shows no difference. Where int8 loses more than a
point, the layers that lose most are named, and what keeping them in float would give is measured.
The scores also go into bundle.json and MODEL_CARD.md.
"""

from absl import app, flags

import command

_BUNDLE = flags.DEFINE_string("bundle", None, "The folder of the bundle.")
_MODEL = flags.DEFINE_string(
    "model", None, "What it was made from: a .keras file, an old .h5, or a SavedModel folder."
)
_DATA = flags.DEFINE_string("data", None, "Labelled images: a folder of class folders, or .npz.")
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the bootstrap.", lower_bound=0)
flags.mark_flags_as_required(["bundle", "model", "data"])


def describe_embeddings(bundle, results):
    """Returns the results of a bundle of embeddings as a table."""
    rows = [("file", "mean cosine with Keras", "lowest", "max difference")]
    for precision, path in bundle.files.items():
        entry = results[precision]
        cosines = [f"{entry[key]:.4f}" for key in ("cosine", "lowest_cosine")]
        rows.append((path.name, *cosines, f"{entry['max_difference']:.2g}"))
    return f"{command.table(rows)}\n\n{entry['images']:,} images."


def run():
    """Verifies, and returns the bundle with its results."""
    command.check_exists(_BUNDLE, _MODEL, _DATA)
    with command.silence():
        from tf_lpdistill import tflite
    bundle = tflite.Bundle.open(_BUNDLE.value)
    size = bundle.preprocessing.image_size
    data = command.read_labelled(_DATA.value, _DATA.name, bundle.labels, size)
    model = tflite.load_model(_MODEL.value)
    return bundle, tflite.verify(bundle, model, data if bundle.labels else data[0], _SEED.value)


def describe(bundle, results):
    """Returns the results as a table, and what was found about int8 in words."""
    rows = [("file", "accuracy", "95 %", "gain over Keras, 95 %", "agreement", "max difference")]
    for precision, path in bundle.files.items():
        entry = results[precision]
        low, high = entry["gain_interval"]
        rows.append(
            (
                path.name,
                f"{entry['accuracy']:.4f}",
                _interval(entry),
                f"{low:+.4f} to {high:+.4f}",
                f"{entry['agreement']:.4f}",
                f"{entry['max_difference']:.2g}",
            )
        )
    keras = results["keras"]
    rows.append(("Keras", f"{keras['accuracy']:.4f}", _interval(keras), "-", "-", "-"))
    lines = [command.table(rows), f"\n{keras['images']:,} images."]
    diagnosis = results.get("int8", {}).get("diagnosis")
    if diagnosis:
        lines.append("int8 loses most in:")
        lines += [
            f"  {' + '.join(worst['layers']) or worst['tensor']}: {worst['loss_db']} dB lost, "
            f"{worst['snr_db']} dB left"
            for worst in diagnosis["worst_layers"]
        ]
        lines.append(diagnosis["advice"])
    return "\n".join(lines)


def _interval(entry):
    low, high = entry["accuracy_interval"]
    return f"{low:.4f} to {high:.4f}"


def main(argv):
    """Runs the verification and prints it, or one line that says what is wrong."""
    bundle, results = command.call(argv, run)
    print((describe if bundle.labels else describe_embeddings)(bundle, results))


if __name__ == "__main__":
    app.run(main)
