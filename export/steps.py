"""What each step of a compression won: accuracy, sizes, zeros, distinct values."""

import dataclasses
import pathlib

import command
from tf_lpdistill import compression, tflite
from tf_lpdistill.data import ImageData
from tf_lpdistill.preprocessing import Preprocessing

PRECISIONS = ("float32", "int8")
_CALIBRATION = 200


@dataclasses.dataclass(frozen=True)
class Scorer:
    """Exports and scores the student of a step.

    Args:
        images: the data; its test images are scored.
        process: the `Preprocessing` of the student.
    """

    images: ImageData
    process: Preprocessing

    def row(self, step, student, directory):
        """Writes a bundle, or finds the one that a killed run has scored, and describes it.

        Args:
            step: name of the step.
            student: the Keras model, or the `QuantizedStudent`.
            directory: folder of the bundle.

        Returns:
            Dict of "step", "parameters", "zeros", "values" and, by precision, "bytes",
            "zipped_bytes" and "accuracy".
        """
        facts = self._facts(student, pathlib.Path(directory))
        row = {"step": step} | compression.describe_kernels(getattr(student, "student", student))
        for precision, entry in facts["files"].items():
            row[precision] = {key: entry[key] for key in ("bytes", "zipped_bytes", "accuracy")}
        return row

    def _facts(self, student, directory):
        if directory.exists():
            facts = tflite.Bundle.open(directory).facts()
            if all("accuracy" in entry for entry in facts["files"].values()):
                return facts
        bundle = tflite.export_bundle(
            student,
            directory,
            labels=list(self.images.class_names),
            preprocessing=self.process,
            precisions=PRECISIONS,
            representative_data=self.images.train.images[:_CALIBRATION],
        )
        tflite.verify(bundle, student, (self.images.test.images, self.images.test.labels))
        return bundle.facts()


def table(rows):
    """Returns rows as text, aligned."""
    titles = ["step", "parameters", "zeros", "values"]
    for precision in PRECISIONS:
        titles += [f"{precision}: accuracy", "bytes", "zipped"]
    return command.table([titles, *map(_cells, rows)])


def _cells(row):
    cells = [row["step"], f"{row['parameters']:,}", f"{row['zeros']:.0%}", f"{row['values']:,}"]
    for precision in PRECISIONS:
        entry = row[precision]
        cells += [f"{entry['accuracy']:.4f}", f"{entry['bytes']:,}", f"{entry['zipped_bytes']:,}"]
    return cells
