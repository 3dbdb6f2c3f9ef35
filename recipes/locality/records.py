"""What a study has done: one file a run, written whole, and claims that several processes share."""

import contextlib
import dataclasses
import fcntl
import hashlib
import pathlib

from locality import raw
from tf_lpdistill import files


@dataclasses.dataclass(frozen=True)
class Job:
    """One run: a student that is trained once.

    Args:
        part: "tune", "final", a sweep ("sweep_k"), or "teacher".
        cell: name of the data set and the pair of networks, see `cells.CELLS`.
        method: key of `methods.METHODS`.
        setting: dict of what differs from the method as it is published, see `space.apply`.
        seed: of the labelled images, of the student's weights and of the batches.
    """

    part: str
    cell: str
    method: str
    setting: dict
    seed: int

    @classmethod
    def of(cls, row):
        """The job of a row, a dict that has its fields among others.

        Raises:
            KeyError: when one is missing.
        """
        return cls(**{field.name: row[field.name] for field in dataclasses.fields(cls)})

    @property
    def name(self):
        """A name for files that no other run has."""
        digest = hashlib.sha256(raw.setting_text(self.setting).encode()).hexdigest()[:8]
        return f"{self.part}-{self.cell}-{self.method}-{digest}-seed{self.seed}"


@dataclasses.dataclass(frozen=True)
class Records:
    """The runs on record in a folder.

    Args:
        directory: `pathlib.Path` of the folder; made where it is missing.
    """

    directory: pathlib.Path

    def read(self):
        """Returns {name: row} of all runs on record; a row is a dict of plain values.

        Raises:
            ValueError: when the file of a run is damaged.
        """
        paths = sorted((self.directory / "runs").glob("[!.]*.json"))
        return {path.stem: _read(path) for path in paths}

    def has(self, job):
        """Whether a run is on record."""
        return self._path(job).exists()

    def write(self, job, measured):
        """Records a run: the job itself, and the dict of what was measured."""
        files.write_sealed_json(self._path(job), dataclasses.asdict(job) | measured)

    @contextlib.contextmanager
    def claim(self, name, wait=False):
        """Claims a name among all processes on this computer; a claim ends with its process.

        Args:
            name: of a run, or of what else only one process may make.
            wait: wait for another process's claim to end.

        Yields:
            Whether the claim was granted; with `wait` it always is.
        """
        path = self.directory / "claims" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            try:
                # The system takes the lock back when the process ends, however it ends.
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True

    def _path(self, job):
        return self.directory / "runs" / f"{job.name}.json"


def _read(path):
    row = files.read_sealed_json(path, required=False)  # the first runs were written without
    fields = {field.name for field in dataclasses.fields(Job)}
    if set(row) - set(raw.FIELDS) or fields - set(row):
        raise ValueError(f"{path} is damaged: it must hold a run. Received: {sorted(row)}")
    if Job.of(row).name != path.stem:
        raise ValueError(f"{path} is damaged: the run in it is another one. Remove it.")
    return row
