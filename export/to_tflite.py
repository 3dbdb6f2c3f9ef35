"""Turns a saved Keras classifier into a phone bundle: `.tflite` files that apps use as they are.

  python export/to_tflite.py --model student.keras --labels labels.txt --input_scaling 0..1 \\
      --representative_data images/ --output_dir phone/

Only the float files, which need no images:

  python export/to_tflite.py --model student.keras --labels labels.txt --input_scaling -1..1 \\
      --precisions float32,float16 --output_dir phone/

A model trained on (pixel - mean) / std, with images and labels, which also scores every file:

  python export/to_tflite.py --model student.keras --labels labels.txt --input_scaling mean_std \\
      --mean 123.7,116.3,103.5 --std 58.4,57.1,57.4 --representative_data validation.npz \\
      --output_dir phone/

Scores that MediaPipe calibrates, fitted on labelled images that the model was not trained on, in
class folders or an .npz with x and y: add --score_calibration validation/

The model is a .keras file, the folder of a SavedModel, or an .h5, also an old one of Keras 2. It
takes (batch, height, width, 1 or 3) and returns one output a class, logits or probabilities; or
embeddings, with --embeddings. Every file takes RGB pixels 0..255 and returns probabilities: the
conversion to grey, the scaling and the softmax are put inside. What the model was trained on
(--input_scaling) cannot be seen from the file, and a wrong one still runs, only worse: so it must
be given. Where the images come with labels, one that surely scores worse than another is refused.
"""

from absl import app, flags

import calibration_data
import command
import scaling_flags

_PRECISIONS = ["float32", "float16", "dynamic", "int8"]

# fmt: off
_MODEL = flags.DEFINE_string(
    "model", None, "The saved model: a .keras file, an old .h5, or the folder of a SavedModel.")
_LABELS = flags.DEFINE_string(
    "labels", None, "Text file (UTF-8) with one class name a line, in the order of the outputs.")
_EMBEDDINGS = flags.DEFINE_bool(
    "embeddings", False, "The model returns embeddings, not classes; it has no --labels.")
_PRECISION_LIST = flags.DEFINE_list(
    "precisions", _PRECISIONS, f"Which files to write, some of {','.join(_PRECISIONS)},int16x8.")
_DATA = flags.DEFINE_string(
    "representative_data", None,
    "Some 100 real images, needed for int8: a folder of images (flat, or in class folders), or "
    "an .npz with x (uint8, n images) and optionally y (labels: then every file is scored).")
_CALIBRATION = flags.DEFINE_string(
    "score_calibration", None,
    "Labelled images, an .npz or class folders, that the scores are calibrated on for MediaPipe.")
_OUTPUT = flags.DEFINE_string("output_dir", None, "The folder of the bundle; replaced whole.")
_MAX_RUNTIME = flags.DEFINE_string(
    "max_runtime", "2.17.0",
    "The oldest TensorFlow Lite that must run the files; 'any' for no limit.")
_BATCH = flags.DEFINE_integer(
    "batch_size", 1, "Pictures at a time; MediaPipe opens files of 1 only.", lower_bound=1)
_INT8_INPUT = flags.DEFINE_enum(
    "int8_input", "uint8", ["uint8", "float32"], "What the int8 file takes, 0..255 both.")
_FLOAT_LAYERS = flags.DEFINE_list(
    "float_layers", [],
    "Layers that the int8 file computes in float, as export/verify.py advises; needs "
    "--int8_input=float32.")
_NAME = flags.DEFINE_string("name", None, "First part of the file names [the model's name].")
# fmt: on
flags.adopt_module_key_flags(scaling_flags)
flags.mark_flags_as_required(["model", "input_scaling", "output_dir"])
flags.register_multi_flags_validator(
    ["labels", "embeddings"],
    lambda values: (values["labels"] is None) == values["embeddings"],
    "Flag --labels must have a value for a classifier, and none with --embeddings.",
)
flags.register_multi_flags_validator(
    ["score_calibration", "embeddings"],
    lambda values: values["score_calibration"] is None or not values["embeddings"],
    "Flag --score_calibration is for a classifier: embeddings are no scores.",
)


def _table(facts):
    rows = [("file", "bytes", "zipped", "needs runtime", "accuracy", "agreement with Keras")]
    for entry in facts["files"].values():
        scores = [entry.get(key) for key in ("accuracy", "agreement")]
        sizes = [f"{entry[key]:,}" for key in ("bytes", "zipped_bytes")]
        scores = ["-" if score is None else f"{score:.4f}" for score in scores]
        rows.append((entry["file"], *sizes, entry["minimum_runtime"] or "unknown", *scores))
    return command.table(rows)


def run():
    """Exports what the flags ask for, and returns the bundle."""
    command.check_exists(_MODEL, _LABELS, _DATA, _CALIBRATION)
    with command.silence():
        from tf_lpdistill import tflite
        from tf_lpdistill.tflite import label_file, scaling

    model = tflite.load_model(_MODEL.value)
    process = scaling_flags.preprocessing_of(model)
    names = None
    if not _EMBEDDINGS.value:
        names = label_file.check(label_file.read(_LABELS.value), model.outputs[0].shape[-1])
    images, truth = calibration_data.representative(_DATA, process.image_size)
    if names is not None and truth is not None:
        truth = label_file.check_truth(truth, len(images), len(names), _DATA.name)
        scaling.check_scores(model, process, images, truth)
    bundle = tflite.export_bundle(
        model,
        _OUTPUT.value,
        labels=names,
        preprocessing=process,
        precisions=_PRECISION_LIST.value,
        representative_data=images,
        max_runtime=None if _MAX_RUNTIME.value == "any" else _MAX_RUNTIME.value,
        name=_NAME.value,
        conversion=tflite.Conversion(_BATCH.value, _INT8_INPUT.value, _FLOAT_LAYERS.value),
        score_calibration=calibration_data.fit_scores(_CALIBRATION, model, process, names),
    )
    if truth is not None:
        tflite.verify(bundle, model, (images, truth))
    return bundle


def main(argv):
    """Runs the export and prints a table and the path, or one line that says what is wrong."""
    bundle = command.call(argv, run)
    print(f"{_table(bundle.facts())}\n\n{bundle.directory}")


if __name__ == "__main__":
    app.run(main)
