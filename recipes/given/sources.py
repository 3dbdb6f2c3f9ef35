"""What `--data`, `--teacher` and `--student` name: a data set, a network."""

import dataclasses
import functools
import inspect
import pathlib

import keras
import numpy as np

from given.classifiers import check_file, check_input, read_classifier
from tf_lpdistill import data, models
from tf_lpdistill.data import ImageData, Split
from tf_lpdistill.data.splits import stratified_order

IMAGE_SIZE = 64  # pixels a side, of photos in folders
VALIDATION_SHARE = 0.1  # of the training images, where a data set brings no validation split


def load_data(name, data_dir=None, image_size=None):
    """Loads the data set that `--data` names, with all three splits.

    Args:
        name: "digits"; the path of an `.npz` file or of a folder of class folders, looked up in
            `data_dir` where it is not found as it stands; "tfds:NAME"; or "keras:NAME".
        data_dir: folder of data sets; None leaves it to LPDISTILL_DATA.
        image_size: pixels a side, for folders and TensorFlow Datasets.

    Returns:
        `ImageData`. Where the source has no validation images, a tenth of the training images are
        set aside, always the same ones.

    Raises:
        ValueError: when nothing is found under the name, it has no test images, or is damaged;
            for an image size where images have one of their own.
    """
    if image_size is not None and (name == "digits" or name.startswith("keras:")):
        raise _own_size(name, image_size)
    if name == "digits":
        return data.load_digits()
    if name.startswith("keras:"):
        return with_validation(data.load_keras(name.removeprefix("keras:")))
    size = None if image_size is None else (image_size, image_size)
    if name.startswith("tfds:"):
        loaded = data.load_tfds(name.removeprefix("tfds:"), data_dir, size)
    else:
        path = _locate(name, data_dir)
        if path.is_dir():
            loaded, _ = data.load_image_folder(path, size or (IMAGE_SIZE, IMAGE_SIZE))
        elif size is not None:
            raise _own_size(name, image_size)
        else:
            loaded = data.load_npz(path)
    if loaded.test is None:
        raise ValueError(
            f"--data must have test images to report on. Received: --data={name} with the splits "
            f"{list(loaded.splits())}"
        )
    return loaded if loaded.validation else with_validation(loaded)


def _own_size(name, image_size):
    return ValueError(
        "--image_size goes with folders and tfds:NAME only: others have one size of their own. "
        f"Received: --data={name} --image_size={image_size}"
    )


def _locate(name, data_dir):
    path = pathlib.Path(name).expanduser()
    if not path.exists() and not path.is_absolute():
        path = data.find_data_dir(data_dir) / path
    if not path.exists():
        raise ValueError(
            "--data must be 'digits', an .npz file, a folder of class folders, tfds:NAME or "
            f"keras:NAME. Received: --data={name}, and there is no {path}"
        )
    return path


def with_validation(loaded: ImageData):
    """Sets some training images aside for validation, in the class shares of the whole."""
    order = stratified_order(loaded.train.labels, seed=0)
    count = max(loaded.num_classes, round(VALIDATION_SHARE * len(order)))
    parts = {"validation": order[:count], "train": order[count:]}
    splits: dict[str, Split] = {t: loaded.train.take(np.sort(p)) for t, p in parts.items()}
    return dataclasses.replace(loaded, **splits)


def check_name(flag, name):
    """Refuses what `network` would refuse whatever the data are, before they are loaded.

    Raises:
        ValueError: when there is no such network or file.
    """
    if name.endswith(".keras"):
        check_file(flag, name)
    else:
        _find(flag, name)


def network(flag, name, loaded: ImageData, scaling="0..1", *, resized=False):
    """Finds the network that a flag names.

    Args:
        flag: the flag, for errors.
        name: a name for `models.get`, or the path of a `.keras` file.
        loaded: the data set, for the number of classes and the size of the input.
        scaling: range of the pixels that it will be given, for those that scale by themselves.
        resized: whether images are resized to what it takes; if not, it must take theirs.

    Returns:
        Function without arguments that makes the network, its weights drawn anew; for a file, a
        network of its architecture.

    Raises:
        ValueError: when there is no such network or file, it has another input or number of
            outputs, or ends in probabilities.
    """
    if name.endswith(".keras"):
        model = read_classifier(flag, name, loaded)
        build = functools.partial(keras.models.clone_model, model)
    else:
        build = _builder(flag, name, loaded, scaling)
        model = None if resized else build()
    if not resized:
        check_input(flag, name, model, loaded)
    return build


def _find(flag, name):
    try:
        return models.get(name)
    except ValueError as error:
        raise ValueError(f"--{flag} must be a .keras file or a network's name. {error}") from error


def _builder(flag, name, loaded, scaling):
    build = _find(flag, name)
    arguments = {"num_classes": loaded.num_classes}
    offered = {"input_shape": loaded.image_shape, "input_scaling": scaling}
    parameters = inspect.signature(build).parameters
    arguments |= {key: value for key, value in offered.items() if key in parameters}
    return functools.partial(build, **arguments)
