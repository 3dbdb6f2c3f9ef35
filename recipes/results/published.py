"""Published figures to stand beside those of a run; each was chosen by its authors' own rules."""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Published:
    """Figures of one pair of networks on one data set.

    Args:
        source: who measured them.
        measure: "accuracy" or "error", on the test images.
        percent: {key of a method, or "teacher": the figure in per cent}.
    """

    source: str
    measure: str
    percent: dict[str, float]

    def lines(self, rows):
        """The figures beside those of the rows of a comparison, as lines of a table."""
        lines = [f"{'':26}{self.measure + ' here %':>20}{'published ' + self.measure + ' %':>24}"]
        for row in rows:
            here = 100 * statistics.mean(row["accuracy"])
            here = 100 - here if self.measure == "error" else here
            figure = self.percent.get(row["key"])
            lines.append(f"  {row['name']:24}{here:>20.2f}{figure or '':>24}")
        return [*lines, f"Published: {self.source}. Other data, epochs or choices explain much."]

    def sentence(self, rows):
        """The same figures in words, for the report."""
        told = [
            f"{row['name']} {self.percent[row['key']]:g}"
            for row in rows
            if row["key"] in self.percent
        ]
        return f"Published {self.measure} % ({self.source}): {', '.join(told)}."


_FITNETS = "Romero et al., ICLR 2015"
# {data set: (the teacher, {student: by FitNet})}
_FITNET_ACCURACY = {
    "cifar10": (
        90.18, {"fitnet1": 89.01, "fitnet2": 91.06, "fitnet3": 91.10, "fitnet4": 91.61},
    ),
    "cifar100": (63.54, {"fitnet4": 64.96}),
}  # fmt: skip
# Errors on SVHN, of a FitNet whose number is not at hand.
_FITNET_SVHN = {"teacher": 2.38, "fitnet": 2.42}
_REPDISTILLER = "RepDistiller's README, DKD from mdistiller's"

_COLUMNS = (
    "teacher alone soft_target hint attention_transfer similarity_preserving rkd "
    "probabilistic_transfer contrastive_representation decoupled_soft_target"
).split()
# CIFAR-100, in the order of _COLUMNS.
_PAIRS = {
    "wrn_40_2:wrn_16_2": (
        75.61, 73.26, 74.92, 73.58, 74.08, 73.83, 73.35, 74.54, 75.48, 76.23,
    ),
    "resnet56:resnet20": (
        72.34, 69.06, 70.66, 69.21, 70.55, 69.67, 69.61, 70.34, 71.16, 71.97,
    ),
    "resnet110:resnet32": (
        74.31, 71.14, 73.08, 71.06, 72.31, 72.69, 71.82, 72.61, 73.48, 74.11,
    ),
    "resnet32x4:resnet8x4": (
        79.42, 72.50, 73.33, 73.50, 73.44, 72.94, 71.90, 73.64, 75.51, 76.32,
    ),
    "vgg13:vgg8": (
        74.64, 70.36, 72.98, 71.02, 71.43, 72.68, 71.48, 72.88, 73.94, 74.68,
    ),
}  # fmt: skip

METHODS = tuple(_COLUMNS[2:])
"""Keys of the methods that have published figures for these pairs."""

PAIRS = tuple(_PAIRS)
"""The standard pairs of networks that have published figures on CIFAR-100."""

MNIST = Published(_FITNETS, "error", {"teacher": 0.55, "alone": 1.9, "kd": 0.65, "fitnet": 0.51})


def find(teacher, student, dataset):
    """Finds the figures of a pair of networks.

    Args:
        teacher: name for `models.get`.
        student: name for `models.get`.
        dataset: name of the data set, as `ImageData` has it.

    Returns:
        `Published`, or None where there are none.
    """
    pair = f"{teacher}:{student}"
    if dataset == "cifar100" and pair in _PAIRS:
        figures = dict(zip(_COLUMNS, _PAIRS[pair], strict=True))
        return Published(_REPDISTILLER, "accuracy", figures)
    if dataset == "svhn_cropped" and pair in [f"fitnet_teacher:fitnet{i}" for i in (1, 2, 3, 4)]:
        return Published(f"{_FITNETS}, of a FitNet not named", "error", _FITNET_SVHN)
    of_teacher, of_students = _FITNET_ACCURACY.get(dataset, (None, {}))
    if teacher != "fitnet_teacher" or student not in of_students:
        return None
    figures = {"teacher": of_teacher, "fitnet": of_students[student]}
    return Published(_FITNETS, "accuracy", figures)
