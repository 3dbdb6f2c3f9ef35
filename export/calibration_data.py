"""The images that an export looks at: for int8, and for the scores."""

import pathlib

import command


def representative(flag, image_size):
    """Reads representative images.

    Args:
        flag: the flag that names an `.npz`, or a folder; None as its value: there are none.
        image_size: (height, width) for the images of a folder.

    Returns:
        `(images, labels)`: (n, height, width, 1 or 3) uint8 or None, and the labels or None.
    """
    if flag.value is None:
        return None, None
    from tf_lpdistill.tflite import calibration

    if not pathlib.Path(flag.value).is_dir():
        return command.read_npz(flag.value, flag.name)
    found = command.find_images(flag.value, flag.name)
    chosen = [found[row] for row in calibration.spread(len(found))]
    return command.read_images(chosen, image_size), None


def fit_scores(flag, model, process, names):
    """Fits the score calibration on labelled images.

    Args:
        flag: the flag that names them; None as its value: there are none.
        model: the `keras.Model`.
        process: its `Preprocessing`.
        names: the names of its classes.

    Returns:
        What `tflite.fit_scores` returns, or None.
    """
    if flag.value is None:
        return None
    from tf_lpdistill import tflite
    from tf_lpdistill.tflite import keras_student, label_file, pixels

    size = process.image_size
    images, truth = command.read_labelled(flag.value, flag.name, names, size)
    truth = label_file.check_truth(truth, len(images), len(names), flag.name)
    _, probabilities = keras_student.answers(model, process, pixels.to_uint8(images, size))
    return tflite.fit_scores(probabilities, truth)
