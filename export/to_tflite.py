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

The model takes (batch, height, width, 1 or 3) and returns one output a class, logits or
probabilities. Every file takes RGB pixels 0..255 and returns probabilities: the conversion to
grey, the scaling and the softmax are put inside. What the model was trained on (--input_scaling)
cannot be seen from the file, and a wrong one still runs, only worse: so it must be given.
"""

import contextlib
import os
import pathlib
import sys

from absl import app, flags

_PRECISIONS = ["float32", "float16", "dynamic", "int8"]
_SCALINGS = ["0..255", "0..1", "-1..1", "mean_std"]
_IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif"}

_MODEL = flags.DEFINE_string("model", None, "The saved Keras model, a .keras file.")
_LABELS = flags.DEFINE_string(
    "labels", None, "Text file (UTF-8) with one class name a line, in the order of the outputs."
)
_SCALING = flags.DEFINE_enum(
    "input_scaling",
    None,
    _SCALINGS,
    "The range of pixel values that the model was trained on. A model that scales inside "
    "(a Rescaling layer) was trained on 0..255.",
)
_MEAN = flags.DEFINE_list(
    "mean", None, "For mean_std: one number, or one a channel, in pixel units 0..255."
)
_STD = flags.DEFINE_list(
    "std", None, "For mean_std: one number, or one a channel, in pixel units 0..255."
)
_PRECISION_LIST = flags.DEFINE_list(
    "precisions", _PRECISIONS, f"Which files to write, some of {','.join(_PRECISIONS)}."
)
_DATA = flags.DEFINE_string(
    "representative_data",
    None,
    "Some 100 real images, needed for int8: a folder of images (flat, or in class folders), or "
    "an .npz with x (uint8, n images) and optionally y (labels: then every file is scored).",
)
_OUTPUT = flags.DEFINE_string("output_dir", None, "The folder of the bundle; replaced whole.")
_MAX_RUNTIME = flags.DEFINE_string(
    "max_runtime",
    "2.17.0",
    "The oldest TensorFlow Lite that must run the files; 'any' for no limit.",
)
_NAME = flags.DEFINE_string("name", None, "First part of the file names [the model's name].")
flags.mark_flags_as_required(["model", "labels", "input_scaling", "output_dir"])


def load_model(path):
    """Loads a Keras model without running code that the file may carry (safe mode)."""
    import keras

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a damaged or foreign file fails anywhere, with any error
        raise ValueError(
            f"Keras cannot load the model ({error}). Received: --model={path}. Expected: a .keras "
            "file of stock layers; for others import their code and call tflite.export_bundle."
        ) from error


def load_images(path, image_size):
    """Reads representative images.

    Args:
        path: an `.npz`, or a folder.
        image_size: (height, width) for the images of a folder.

    Returns:
        `(images, labels)`: (n, height, width, 1 or 3) uint8, and (n,) integers or None.
    """
    path = pathlib.Path(path)
    return (_read_folder(path, image_size), None) if path.is_dir() else _read_npz(path)


def _read_npz(path):
    import zipfile

    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files if key in ("x", "y")}
            keys = archive.files
    except (ValueError, OSError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"The .npz cannot be read ({error}). Received: --representative_data={path}"
        ) from error
    if "x" not in arrays or arrays["x"].dtype != np.uint8 or arrays["x"].ndim not in (3, 4):
        raise ValueError(
            "The .npz must hold x, uint8 images (n, height, width[, channels]). "
            f"Received: --representative_data={path} with the keys {keys}"
            + (f", x {arrays['x'].dtype} {arrays['x'].shape}" if "x" in arrays else "")
        )
    images = arrays["x"] if arrays["x"].ndim == 4 else arrays["x"][..., None]
    return images, arrays.get("y")


def _read_folder(path, image_size):
    import numpy as np
    import tensorflow as tf

    from tf_lpdistill.tflite import calibration, pixels

    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in _IMAGE_SUFFIXES)
    if not found:
        raise ValueError(
            f"The folder holds no images {sorted(_IMAGE_SUFFIXES)}. "
            f"Received: --representative_data={path}"
        )
    rows = np.linspace(0, len(found) - 1, min(len(found), calibration.MAX_IMAGES))
    images = []
    for file in (found[int(row)] for row in rows.round()):
        try:
            image = tf.io.decode_image(file.read_bytes(), channels=3, expand_animations=False)
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(f"Not an image that can be read. Received: {file}") from error
        images.append(pixels.to_uint8(image.numpy()[None], image_size))
    return np.concatenate(images)


def _check_paths():
    """Refuses what is not there at once, not after the seconds that TensorFlow takes to start."""
    for flag in (_MODEL, _LABELS):
        if not pathlib.Path(flag.value).is_file():
            raise FileNotFoundError(f"There is no such file. Received: --{flag.name}={flag.value}")
    if _DATA.value is not None and not pathlib.Path(_DATA.value).exists():
        raise FileNotFoundError(
            f"There is no such folder or .npz. Received: --{_DATA.name}={_DATA.value}"
        )


@contextlib.contextmanager
def _silence():
    """Discards what C++ writes to file descriptor 2: TensorFlow's greetings at import."""
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as sink:
            os.dup2(sink.fileno(), 2)
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _numbers(values, flag):
    if values is None:
        return None
    try:
        return tuple(float(value) for value in values)
    except ValueError as error:
        raise ValueError(
            f"--{flag} must be numbers, separated by commas. Received: --{flag}={','.join(values)}"
        ) from error


def _table(facts):
    rows = [("file", "bytes", "zipped", "needs runtime", "accuracy", "agreement with Keras")]
    for entry in facts["files"].values():
        scores = [entry.get(key) for key in ("accuracy", "agreement")]
        sizes = [f"{entry[key]:,}" for key in ("bytes", "zipped_bytes")]
        scores = ["-" if score is None else f"{score:.4f}" for score in scores]
        rows.append((entry["file"], *sizes, entry["minimum_runtime"] or "unknown", *scores))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def run():
    """Exports what the flags ask for, and returns the bundle."""
    _check_paths()
    with _silence():
        from tf_lpdistill import preprocessing, tflite
        from tf_lpdistill.tflite import labels

    model = load_model(_MODEL.value)
    process = preprocessing.of_model(
        model,
        scaling=_SCALING.value,
        mean=_numbers(_MEAN.value, "mean"),
        std=_numbers(_STD.value, "std"),
    )
    images, truth = None, None
    if _DATA.value is not None:
        images, truth = load_images(_DATA.value, process.image_size)
    bundle = tflite.export_bundle(
        model,
        _OUTPUT.value,
        labels=labels.read(_LABELS.value),
        preprocessing=process,
        precisions=_PRECISION_LIST.value,
        representative_data=images,
        max_runtime=None if _MAX_RUNTIME.value == "any" else _MAX_RUNTIME.value,
        name=_NAME.value,
    )
    if truth is not None:
        tflite.verify(bundle, model, (images, truth))
    return bundle


def main(argv):
    """Runs the export and prints a table and the path, or one line that says what is wrong."""
    if len(argv) > 1:
        raise app.UsageError(f"Unknown arguments: {argv[1:]}. Every argument is a --flag.")
    # Before TensorFlow is imported: its messages about GPUs would bury ours.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        bundle = run()
    except (ValueError, TypeError, RuntimeError, OSError, ImportError) as error:
        print("to_tflite: " + " ".join(str(error).split()), file=sys.stderr)
        sys.exit(1)
    print(_table(bundle.facts()))
    print(f"\n{bundle.directory}")


if __name__ == "__main__":
    app.run(main)
