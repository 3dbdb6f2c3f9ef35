"""What the export scripts share: a quiet start, errors in one line, images, tables."""

import contextlib
import os
import pathlib
import sys

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif"}


@contextlib.contextmanager
def silence():
    """Discards what C++ writes to file descriptor 2: TensorFlow's greetings at import."""
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as sink:
            os.dup2(sink.fileno(), 2)
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def call(argv, run):
    """Calls `run()` and returns what it returns; says in one line what is wrong, and exits.

    Args:
        argv: the arguments that absl left over; there may be none.
        run: a function without arguments.
    """
    from absl import app

    if len(argv) > 1:
        raise app.UsageError(f"Unknown arguments: {argv[1:]}. Every argument is a --flag.")
    # Before TensorFlow is imported: its messages about GPUs would bury ours.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        return run()
    except (ValueError, TypeError, RuntimeError, OSError, ImportError) as error:
        print(f"{pathlib.Path(argv[0]).stem}: " + " ".join(str(error).split()), file=sys.stderr)
        sys.exit(1)


def check_exists(*flags):
    """Refuses what is not there at once, not after the seconds that TensorFlow takes to start."""
    for flag in flags:
        if flag.value is not None and not pathlib.Path(flag.value).exists():
            raise FileNotFoundError(
                f"There is no such file or folder. Received: --{flag.name}={flag.value}"
            )


def table(rows):
    """Returns rows of text, the first one the titles, as aligned columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def read_npz(path, flag):
    """Reads `x` (uint8, n images) and, where it is there, `y` out of an `.npz`.

    Returns:
        `(images, labels)`: (n, height, width, 1 or 3) uint8, and (n,) integers or None.
    """
    import numpy as np

    from tf_lpdistill.files import read_arrays

    try:
        arrays = read_arrays(path)
    except ValueError as error:
        raise ValueError(f"The .npz cannot be read ({error}). Received: --{flag}={path}") from error
    if "x" not in arrays or arrays["x"].dtype != np.uint8 or arrays["x"].ndim not in (3, 4):
        raise ValueError(
            "The .npz must hold x, uint8 images (n, height, width[, channels]). "
            f"Received: --{flag}={path} with the keys {list(arrays)}"
            + (f", x {arrays['x'].dtype} {arrays['x'].shape}" if "x" in arrays else "")
        )
    images = arrays["x"] if arrays["x"].ndim == 4 else arrays["x"][..., None]
    return images, arrays.get("y")


def read_labelled(path, flag, labels, image_size):
    """Reads labelled images.

    Args:
        path: a folder of class folders, or an `.npz` with x and y.
        flag: the name of the flag that gave the path, for the error messages.
        labels: the class names, in the order of the outputs; none for embeddings, whose images
            need no classes.
        image_size: (height, width) for the images of a folder.

    Returns:
        `(images, labels)`: (n, height, width, 1 or 3) uint8, and (n,) integers, or None for
        embeddings.
    """
    import numpy as np

    path = pathlib.Path(path)
    if not path.is_dir():
        images, truth = read_npz(path, flag)
        if truth is None and labels:
            raise ValueError(f"The .npz must hold labels y as well. Received: --{flag}={path}")
        return images, truth
    found = find_images(path, flag)
    if not labels:
        return read_images(found, image_size), None
    names = [file.relative_to(path).parts[0] for file in found]
    foreign = sorted(set(names) - set(labels))
    if foreign:
        raise ValueError(
            f"The class folders must be named by the labels {list(labels)}. "
            f"Received: --{flag}={path} with {foreign}"
        )
    truth = np.array([list(labels).index(name) for name in names])
    return read_images(found, image_size), truth


def find_images(folder, flag):
    """Returns the sorted paths of all images in a folder and below."""
    folder = pathlib.Path(folder)
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
    if not found:
        raise ValueError(
            f"The folder holds no images {sorted(IMAGE_SUFFIXES)}. Received: --{flag}={folder}"
        )
    return found


def read_images(paths, image_size):
    """Reads image files, resized to `image_size`, as (n, height, width, 3) uint8."""
    import numpy as np

    from tf_lpdistill.data.decode import decode_image
    from tf_lpdistill.tflite import pixels

    images = []
    for path in paths:
        try:
            image = decode_image(path.read_bytes())
        except ValueError as error:
            raise ValueError(f"Not an image that can be read. Received: {path}") from error
        images.append(pixels.to_uint8(image[None], image_size))
    return np.concatenate(images)
