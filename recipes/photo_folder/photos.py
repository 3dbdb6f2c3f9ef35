"""A folder of photos: loaded and split, what was left out, how many there are of each class."""

import dataclasses
import hashlib
import textwrap

import numpy as np

from results import evaluation
from results.tables import write_csv
from tf_lpdistill import data
from tf_lpdistill.data import ImageData, Skipped

FRACTIONS = (0.7, 0.15, 0.15)  # a small folder still needs images to choose and to test on
MINIMUM = 8  # training images: a batch must hold more than the five neighbours of LP
IMBALANCE = 3.0  # the largest class against the smallest, from which it is said aloud
SHOWN = 10  # files named on the terminal; left_out.csv has all


@dataclasses.dataclass(frozen=True, eq=False)
class Photos:
    """The photos of a folder.

    Args:
        data: the `ImageData`, with validation and test images.
        left_out: the files that are no part of it, with their reasons.
    """

    data: ImageData
    left_out: tuple[Skipped, ...]

    def counts(self):
        """Images by class and split: {class: {split: number}}."""
        splits, number = self.data.splits(), self.data.num_classes
        totals = {t: np.bincount(s.labels, minlength=number) for t, s in splits.items()}
        return {
            name: {title: int(total[label]) for title, total in totals.items()}
            for label, name in enumerate(self.data.class_names)
        }

    def describe(self):
        """What `config.json` and the report tell of them."""
        sizes = [sum(counts.values()) for counts in self.counts().values()]
        described = evaluation.describe(self.data, len(self.data.train))
        text = (
            f"{described['description']} of {min(sizes)} to {max(sizes)} images, split by the hash "
            f"of each file; {self.left_out_line()}"
        )
        return described | {"description": text, "sha256": self.fingerprint()}

    def fingerprint(self):
        """SHA-256 of pixels, labels and class names, to know the same photos again."""
        digest = hashlib.sha256("\n".join(self.data.class_names).encode())
        for split in self.data.splits().values():
            digest.update(split.images.tobytes())
            digest.update(split.labels.tobytes())
        return digest.hexdigest()

    def left_out_line(self):
        """How many files were left out, in words."""
        number = len(self.left_out)
        if not number:
            return "no file was left out"
        return f"{number} {'file was' if number == 1 else 'files were'} left out, see left_out.csv"

    def imbalance_line(self):
        """A warning where some classes are much larger than others, or have no test image."""
        sizes = {name: sum(counts.values()) for name, counts in self.counts().items()}
        small, large = min(sizes, key=sizes.get), max(sizes, key=sizes.get)
        untested = [name for name, counts in self.counts().items() if not counts["test"]]
        lines = []
        if sizes[large] >= IMBALANCE * sizes[small]:
            lines.append(
                f"The classes are imbalanced: {sizes[large]} images of {large}, {sizes[small]} of "
                f"{small}; the accuracy is mostly that of the large ones"
            )
        if untested:
            lines.append(f"No test image of {', '.join(untested)}")
        return ". ".join(lines)

    def show(self):
        """Prints the classes, the imbalance and what was left out."""
        print(f"\n{'class':32}{'train':>8}{'validation':>12}{'test':>8}")
        for name, counts in self.counts().items():
            row = f"{textwrap.shorten(name, 30, placeholder='...'):32}"
            print(f"{row}{counts['train']:>8}{counts['validation']:>12}{counts['test']:>8}")
        if self.imbalance_line():
            print(self.imbalance_line() + ".")
        print(self.left_out_line().capitalize() + (":" if self.left_out else "."))
        for item in self.left_out[:SHOWN]:
            print(f"  {item.path}: {item.reason}")
        if len(self.left_out) > SHOWN:
            print(f"  and {len(self.left_out) - SHOWN} more")

    def write(self, run):
        """Writes `classes.csv` and `left_out.csv` into the run folder."""
        rows = [{"class": name} | counts for name, counts in self.counts().items()]
        write_csv(run.path("classes.csv"), ["class", *self.data.splits()], rows)
        left_out = [dataclasses.asdict(item) for item in self.left_out]
        write_csv(run.path("left_out.csv"), ["path", "reason"], left_out)


def load(directory, image_size):
    """Loads the photos in `--data_dir`.

    Args:
        directory: folder of class folders.
        image_size: pixels a side; every image is resized, whatever its shape.

    Returns:
        `Photos`. Classes without a readable image are left out, and listed.

    Raises:
        ValueError: when no folder is given, or it has fewer than two classes or too few images.
        NotADirectoryError: when it is no folder.
    """
    if not directory:
        raise ValueError(
            "--data_dir must name a folder that holds one folder of photos for each class. "
            "Received: nothing"
        )
    loaded, left_out = data.load_image_folder(
        directory, (image_size, image_size), fractions=FRACTIONS, skip_empty_classes=True
    )
    lacking = [title for title in ("validation", "test") if title not in loaded.splits()]
    if lacking or len(loaded.train) < MINIMUM:
        counts = ", ".join(f"{len(split)} {title}" for title, split in loaded.splits().items())
        raise ValueError(
            f"--data_dir must hold enough photos for {MINIMUM} to train on, and some to choose "
            "settings and to test on: a hundred of each class are a good start. Received: "
            f"--data_dir={directory} with {counts}; {len(left_out)} files left out"
        )
    return Photos(loaded, left_out)
