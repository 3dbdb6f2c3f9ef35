"""A folder of class folders, as people keep their own photos."""

import concurrent.futures
import dataclasses
import hashlib
import pathlib
import sys
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tf_lpdistill.data.decode import decode_image
from tf_lpdistill.data.splits import ImageData, Split, check_fractions, split_of
from tf_lpdistill.preprocessing import Preprocessing
from tf_lpdistill.types import PathLike

_LINK = "a link to no file is not followed"


@dataclasses.dataclass(frozen=True)
class Skipped:
    """A file that was left out.

    Args:
        path: the file, relative to the folder.
        reason: why, in words.
    """

    path: str
    reason: str


def load_image_folder(
    directory: PathLike,
    image_size: tuple[int, int],
    color: str = "rgb",
    fractions: Sequence[float] = (0.8, 0.1, 0.1),
    skip_empty_classes: bool = False,
) -> tuple[ImageData, tuple[Skipped, ...]]:
    """Loads `directory/CLASS/**/IMAGE` into memory.

    Each image goes to training, validation or test by the hash of its file's bytes: it stays there
    whatever is added, removed or renamed later. Of exact duplicates in one class the first is
    kept; a file that stands in two classes is left out of both. Links to folders are not followed.
    Hidden files and folders (names that begin with a dot) are passed over.

    Args:
        directory: the folder. The names of its class folders, sorted, are the class names.
        image_size: (height, width) in pixels. The whole image is resized (bilinear, antialiased),
            whatever its shape, as on the phone.
        color: "rgb" or "grayscale".
        fractions: shares of training, validation and test; what a small folder really gets varies
            around them.
        skip_empty_classes: whether a class folder without a readable image is left out, and listed,
            or refused.

    Returns:
        `(data, skipped)`: an `ImageData`, its validation or test `None` where no image fell there,
        and a tuple of `Skipped` in the order of the paths.

    Raises:
        NotADirectoryError: when `directory` is not a folder.
        ValueError: when it has fewer than two classes, a class without training images, or a
            symbolic link that leads out of it.
    """
    form, shares = Preprocessing(image_size, color), check_fractions(fractions)
    root = pathlib.Path(directory)
    if not root.is_dir():
        raise NotADirectoryError(f"`directory` must be a folder. Received: {directory}")
    classes, links = _list_files(root)
    _check_number(root, classes)
    files = [(path, label) for label, paths in enumerate(classes.values()) for path in paths]
    hashes = _in_threads(_hash, [path for path, _ in files], "Reading")
    reasons = _doubtful(root, files, hashes)
    wanted = [i for i in range(len(files)) if i not in reasons]
    pixels = _in_threads(lambda i: _load_pixels(files[i][0], form), wanted, f"Decoding {root.name}")
    reasons |= {i: why for i, why in zip(wanted, pixels, strict=True) if isinstance(why, str)}
    kept = {i: x for i, x in zip(wanted, pixels, strict=True) if not isinstance(x, str)}
    skipped = [(files[i][0], why) for i, why in reasons.items()] + links + _list_loose(root)
    names, present = list(classes), sorted({files[i][1] for i in kept})
    if skip_empty_classes:
        empty = [name for label, name in enumerate(names) if label not in present]
        skipped += [(root / name, "the class has no readable image") for name in empty]
        names = [names[label] for label in present]
        _check_number(root, names)
    skipped = tuple(Skipped(p.relative_to(root).as_posix(), why) for p, why in sorted(skipped))
    labels = {i: names.index(files[i][0].relative_to(root).parts[0]) for i in kept}
    titles = {i: split_of(hashes[i], shares) for i in kept}
    splits = {
        title: _stack([(kept[i], labels[i]) for i in kept if titles[i] == title])
        for title in ("train", "validation", "test")
    }
    _check_classes(root, names, splits["train"], skipped)
    return ImageData(root.resolve().name, **splits, class_names=tuple(names)), skipped


def _list_files(root):
    """Returns ({class name: sorted list of its files}, list of `(link, reason)` not followed)."""
    classes, links = {}, []
    for folder in sorted(root.iterdir()):
        if folder.name.startswith("."):
            continue
        if _is_folder_link(root, folder):
            links.append((folder, _LINK))
        elif folder.is_dir():
            classes[folder.name] = []
            for path in sorted(folder.rglob("*")):
                if any(part.startswith(".") for part in path.relative_to(root).parts):
                    continue
                if _is_folder_link(root, path):
                    links.append((path, _LINK))
                elif path.is_file():
                    classes[folder.name].append(path)
    return classes, links


def _check_number(root, names):
    if len(names) < 2:
        raise ValueError(
            f"{root} must hold one folder of images for each class, at least two. "
            f"Received: {len(names)} folders {sorted(names)}"
        )


def _list_loose(root):
    """Returns `(path, reason)` of the files that lie beside the class folders."""
    files = [p for p in root.iterdir() if p.is_file() and not p.name.startswith(".")]
    return [(path, "lies in no class folder") for path in files]


def _is_folder_link(root, path):
    """Whether a path is a link that leads to no file: to a folder, in a circle, or nowhere.

    Raises:
        ValueError: when it leads out of the folder of photos.
    """
    if not path.is_symlink():
        return False
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # Python before 3.13 raises a RuntimeError for a circle
        return True
    if not target.is_relative_to(root.resolve()):
        raise ValueError(
            f"{path} is a symbolic link out of the folder {root}, to {target}. "
            "Copy the files into the folder, or remove the link."
        )
    return target.is_dir()


def _hash(path):
    """Returns the SHA-256 of a file, or `None` where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return None


def _doubtful(root, files, hashes):
    """Returns a dict from the index of a file to the reason for leaving it out."""
    first, labels, reasons = {}, {}, {}
    for i, (_, label) in enumerate(files):
        if hashes[i] is None:
            reasons[i] = "the file cannot be read"
        elif hashes[i] in first:
            original = files[first[hashes[i]]][0].relative_to(root).as_posix()
            reasons[i] = f"the same bytes as {original}"
        else:
            first[hashes[i]] = i
        labels.setdefault(hashes[i], set()).add(label)
    for i, digest in enumerate(hashes):
        if digest is not None and len(labels[digest]) > 1:
            reasons[i] = "the same bytes stand in more than one class"
    return reasons


def _load_pixels(path, form):
    """Returns uint8 pixels of `form.input_shape`, or the reason why there are none."""
    try:
        image = decode_image(path.read_bytes())
    except (OSError, ValueError) as error:
        return str(error)
    pixels = form(image[None])[0]  # resized and converted, scaled 0..255: as the model will see it
    return tf.cast(tf.clip_by_value(tf.round(pixels), 0.0, 255.0), tf.uint8).numpy()


def _in_threads(function, items, title):
    """Maps in several threads and in order, with a progress bar on a terminal."""
    from tqdm import tqdm

    with concurrent.futures.ThreadPoolExecutor() as pool:
        results = pool.map(function, items)
        silent = not sys.stderr.isatty()
        return list(tqdm(results, desc=title, total=len(items), unit="file", disable=silent))


def _stack(samples):
    if not samples:
        return None
    images, labels = zip(*samples, strict=True)
    return Split(np.stack(images), np.array(labels))


def _check_classes(root, names, train, skipped):
    present = set() if train is None else set(train.labels)
    lacking = [name for label, name in enumerate(names) if label not in present]
    if lacking:
        reasons = "".join(f"\n  {item.path}: {item.reason}" for item in skipped[:10])
        raise ValueError(
            f"Every class in {root} needs readable images, some of which fall into the training "
            f"split. Received: none for {lacking}; {len(skipped)} files left out{reasons}"
        )
