"""What a run folder holds, as frozen dataclasses: all that the page is made from."""

import dataclasses
import pathlib
import statistics
from collections.abc import Mapping, Sequence

import numpy as np

from tf_lpdistill.report.search import Search

TEACHER = "teacher"
"""The key of the teacher's row."""
ALONE = "alone"
"""The key of the row of the student trained without a teacher: the baseline."""
STUDENT, INT8 = "student", "int8"
"""Beside those: the chosen student, and its int8 file, in what was recorded of single images."""


@dataclasses.dataclass(frozen=True)
class FileScore:
    """What was measured of one .tflite file; `None` where nothing was.

    `bytes` and `zipped_bytes` are sizes, `accuracy` and `agreement` (with the Keras model)
    fractions, `latency_ms` and `latency_p95_ms` one image on the computer that ran the recipe,
    `minimum_runtime` the oldest runtime that can open the file.
    """

    bytes: int | None
    zipped_bytes: int | None
    accuracy: float | None
    agreement: float | None
    latency_ms: float | None
    latency_p95_ms: float | None
    minimum_runtime: str | None


@dataclasses.dataclass(frozen=True)
class Row:
    """One method: test accuracy and neighbourhood overlap (fractions), one value a seed.

    A comparison of methods also has: `last_accuracy`, that of the last epoch, where `accuracy` is
    that of the epoch best on the validation images; `extra_parameters`, trained beside the student
    and left behind; `relative_time`, of a training step against the student alone.
    """

    name: str
    key: str
    accuracy: tuple[float, ...]
    neighborhood_overlap: tuple[float, ...] | None
    parameters: int
    best: bool
    tflite: Mapping[str, FileScore] | None
    last_accuracy: tuple[float, ...] | None = None
    extra_parameters: int | None = None
    relative_time: float | None = None

    @property
    def mean(self) -> float:
        """The mean accuracy over the seeds."""
        return statistics.fmean(self.accuracy)

    @property
    def sd(self) -> float | None:
        """The sample standard deviation of the accuracy, or `None` with one seed."""
        return sample_sd(self.accuracy)


@dataclasses.dataclass(frozen=True)
class Failure:
    """A method that could not be trained, and why."""

    name: str
    key: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Dataset:
    """The data: its name, a sentence about it, numbers of images, names of the classes."""

    name: str
    description: str
    train: int
    validation: int
    test: int
    labelled: int
    class_names: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class History:
    """Metrics per epoch.

    `curves[key][metric]` is a float64 array of shape (seeds, epochs); NaN where the file has no
    value. `metrics` are the columns of the file in their order.
    """

    metrics: tuple[str, ...]
    curves: Mapping[str, Mapping[str, np.ndarray]]


@dataclasses.dataclass(frozen=True)
class Neighbors:
    """The nearest neighbours of a few query images in one feature space.

    `images` is uint8 (queries, k, height, width, channels), `labels` int (queries, k) and
    `shared` bool (queries, k), true where the teacher has the same neighbour (all true for the
    teacher itself).
    """

    images: np.ndarray
    labels: np.ndarray
    shared: np.ndarray


@dataclasses.dataclass(frozen=True)
class NeighborGrid:
    """Query images, uint8 (queries, height, width, channels), and their neighbours by model."""

    images: np.ndarray
    labels: np.ndarray
    teacher: Neighbors
    student: Neighbors
    alone: Neighbors


@dataclasses.dataclass(frozen=True)
class Map:
    """Features in a plane: `points` float (m, 2), `explained` (2,) shares of their variance."""

    points: np.ndarray
    explained: np.ndarray


@dataclasses.dataclass(frozen=True)
class NetworkAnswers:
    """What one network says of the test images.

    `classes` is int (n,), its first class, `confidence` float (n,) the probability that it gives
    it, `map` its `Map` of some of them, or `None`.
    """

    classes: np.ndarray
    confidence: np.ndarray
    map: Map | None


@dataclasses.dataclass(frozen=True)
class Answers:
    """What the networks say of each of the n test images.

    `labels` is int (n,); `networks` by "teacher", "student" (the chosen one), "alone" and "int8"
    (its file); `mapped` the rows in the maps, or `None`; `shown` the rows of the `images`, uint8
    (s, height, width, channels), on which teacher and student disagree.
    """

    labels: np.ndarray
    networks: Mapping[str, NetworkAnswers]
    mapped: np.ndarray | None
    shown: np.ndarray
    images: np.ndarray


@dataclasses.dataclass(frozen=True)
class RunFile:
    """One file that the run leaves behind; `name` is relative to the run folder."""

    name: str
    bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Run:
    """A whole run folder.

    Args:
        directory: the folder.
        recipe: name of the script that made it.
        title: heading of its page.
        command: the command line.
        flags: {flag: its value}.
        versions: {package: its version}.
        seed: that of the run, from which those of the students follow.
        dataset: the `Dataset`.
        rows: a `Row` for the teacher and each method.
        failures: a `Failure` for each method that has no row.
        seeds: those of the students.
        reading: a sentence on what the figures say.
        exported: key of the row whose student was exported, or `None`.
        hardware: what it ran on, in words.
        history: the `History`; `None` without its file.
        neighbors: the `NeighborGrid`; `None` without its file.
        answers: the `Answers`; `None` without their file.
        files: the `RunFile`s in the folder.
        search: the `Search` of a recipe that tunes, else `None`.
    """

    directory: pathlib.Path
    recipe: str
    title: str
    command: str
    flags: Mapping[str, object]
    versions: Mapping[str, str]
    seed: int
    dataset: Dataset
    rows: tuple[Row, ...]
    failures: tuple[Failure, ...]
    seeds: tuple[int, ...]
    reading: str
    exported: str | None
    hardware: str
    history: History | None
    neighbors: NeighborGrid | None
    answers: Answers | None
    files: tuple[RunFile, ...]
    search: Search | None = None

    def row(self, key: str | None) -> Row | None:
        """Returns the row with this `key`, or `None`."""
        return next((row for row in self.rows if row.key == key), None)

    @property
    def network_names(self) -> dict[str, str]:
        """Names of the networks that single images were recorded of: {"teacher": "Teacher", ...}.

        "student" is the exported one.
        """
        rows = {
            TEACHER: self.row(TEACHER),
            STUDENT: self.row(self.exported),
            ALONE: self.row(ALONE),
        }
        otherwise = {TEACHER: "Teacher", STUDENT: "Student", ALONE: "Student alone"}
        names = {key: row.name if row else otherwise[key] for key, row in rows.items()}
        return names | {INT8: f"{names[STUDENT]}, int8 file"}

    @property
    def students(self) -> tuple[Row, ...]:
        """The rows of the students: all but the teacher's."""
        return tuple(row for row in self.rows if row.key != TEACHER)

    @property
    def best(self) -> Row | None:
        """The student marked best (the most accurate of them), or `None` without a student."""
        marked = [row for row in self.students if row.best]
        return max(marked or self.students, key=lambda row: row.mean, default=None)


def sample_sd(values: Sequence[float]) -> float | None:
    """Returns the sample standard deviation of `values`, or `None` for fewer than two."""
    return statistics.stdev(values) if len(values) > 1 else None
