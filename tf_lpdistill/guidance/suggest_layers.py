"""Which layers to compare: pairs of teacher and student, ranked from a few batches."""

import dataclasses
import math
from collections.abc import Iterable

import keras
import numpy as np

from tf_lpdistill.batch import unpack
from tf_lpdistill.guidance.evidence import read
from tf_lpdistill.guidance.geometry import chance_purity, label_purity, linear_cka, near_chance
from tf_lpdistill.guidance.labels import as_classes
from tf_lpdistill.guidance.layers import feature_layers, penultimate, reach
from tf_lpdistill.taps import Tap
from tf_lpdistill.types import Structure

_NEIGHBORS = 5
_LARGEST = 16_384  # numbers of a feature that are kept; larger maps are averaged over space


@dataclasses.dataclass(frozen=True)
class LayerPair:
    """A layer of the teacher and one of the student.

    Args:
        teacher: name for `teacher_layer_name`.
        student: name for `student_layer_name`.
        teacher_shape: shape of the teacher's feature without the batch.
        student_shape: the same of the student's.
        purity: share of the teacher's 5 nearest neighbours that share their image's class.
        cka: linear CKA of the two features, the student as it is now.
        reach: share of the student's trainable parameters that get a gradient.
        cost: multiplications of the pairwise distances of one image, batch * (d_T + d_S).
        score: what the pairs are ranked by: purity * reach.
    """

    teacher: str
    student: str
    teacher_shape: tuple[int, ...]
    student_shape: tuple[int, ...]
    purity: float
    cka: float
    reach: float
    cost: int
    score: float


class LayerPairs(list):
    """Ranked pairs, the best first; prints as a table with the suggested names ready to paste.

    Args:
        pairs: list of `LayerPair`.
        names: (teacher's layer, student's layer) of the suggestion: what a loss takes first.
        chance: purity of neighbours drawn at random.
        samples: images that were looked at.
    """

    def __init__(
        self,
        pairs: Iterable[LayerPair],
        names: tuple[str | None, str | None],
        chance: float,
        samples: int,
    ):
        super().__init__(pairs)
        self.names, self.chance, self.samples = names, chance, samples

    def __str__(self):
        header = ("teacher", "student", "shapes", "purity", "CKA", "reach", "cost", "score")
        rows = [
            (
                pair.teacher,
                pair.student,
                f"{_shape(pair.teacher_shape)} {_shape(pair.student_shape)}",
                f"{pair.purity:.3f}",
                f"{pair.cka:.3f}",
                f"{pair.reach:.2f}",
                f"{pair.cost:.1e}",
                f"{pair.score:.3f}",
            )
            for pair in self
        ]
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in [header, *rows]
        ]
        teacher, student = self.names
        return "\n".join(
            [
                *lines,
                f"{self.samples} images; purity by chance {self.chance:.3f}.",
                f'Suggested: LocalityPreserving("{teacher}", "{student}")',
            ]
        )


def suggest_layers(
    teacher: keras.Model, student: keras.Model, dataset: Iterable[Structure], num_samples: int = 512
) -> LayerPairs:
    """Ranks the layers that a loss between samples, such as LP, may compare.

    Candidates are the last maps of each size and the vector before the logits in both networks. A
    pair's score is the purity of the teacher's neighbourhoods times the share of the student that
    the gradient reaches: how well the teacher's geometry knows the classes, and how much of the
    student learns it. Of equal scores the pair of the layers before the logits is first, then the
    cheaper. CKA and cost are for the reader.

    Against accuracies of trained students (docs/results/layers.md) the ranking told where in the
    student to attach the loss, and not which of the teacher's layers is better; it did not beat the
    layers before the logits. These are suggested, therefore, unless the purity of the teacher's is
    near chance: its head has forgotten the classes. Then it is the first of the ranking.

    Args:
        teacher: a trained, built Functional or Sequential `keras.Model`.
        student: the same; it need not be trained.
        dataset: batches `(x, y)` as for `fit`, y being classes or one-hot; both models take x.
        num_samples: how many images to look at, at least one batch.

    Returns:
        `LayerPairs`, a list of `LayerPair`, the best first. Print it; `.names` are the suggested
        ones, for `LocalityPreserving(*pairs.names)`.

    Raises:
        ValueError: for models that cannot be looked into, data without classes, or too few images.
    """
    networks = [_candidates(role, model) for role, model in _roles(teacher, student)]
    (teacher_features, student_features), labels, batch = _collect(
        (teacher, student), networks, dataset, num_samples
    )
    purities = {
        name: float(label_purity(features, labels, _NEIGHBORS).mean())
        for name, features in teacher_features.items()
    }
    reaches = {name: reach(student, name) for name in networks[1]}
    pairs = [
        LayerPair(
            t,
            s,
            networks[0][t],
            networks[1][s],
            purities[t],
            linear_cka(teacher_features[t], student_features[s]),
            reaches[s],
            batch * (math.prod(networks[0][t]) + math.prod(networks[1][s])),
            purities[t] * reaches[s],
        )
        for t in networks[0]
        for s in networks[1]
    ]
    usual = (penultimate(teacher), penultimate(student))
    pairs.sort(key=lambda p: (-round(p.score, 3), (p.teacher, p.student) != usual, p.cost))
    chance = chance_purity(labels)
    if near_chance(purities[usual[0]], chance):
        usual = (pairs[0].teacher, pairs[0].student)
    return LayerPairs(pairs, usual, chance, len(labels))


def _roles(teacher, student):
    return (("teacher", teacher), ("student", student))


def _candidates(role, model):
    """{name: shape}: the last layer of each size of map, up to the one before the logits."""
    shapes, last = feature_layers(model), penultimate(model)
    if last is None:
        raise ValueError(
            f"`{role}` must be a built Functional or Sequential keras.Model with two layers or "
            f"more, to look into. Received: {role}={model!r}"
        )
    names = list(shapes)
    kept = {shapes[name][:-1]: name for name in names[: names.index(last) + 1]}
    return {name: shapes[name] for name in kept.values()}


def _collect(models, networks, dataset, num_samples):
    """([{name: (n, ...)} of each model], (n,) labels, size of a batch)."""
    taps = [Tap(model, list(names)) for model, names in zip(models, networks, strict=True)]
    parts, labels, batch = [[], []], [], 0
    for x, y, _ in read(dataset):
        labels.append(_classes(y))
        batch = batch or len(labels[0])
        for tap, part in zip(taps, parts, strict=True):
            tapped = tap(unpack(x).inputs, training=False)[1]
            part.append({name: _kept(features) for name, features in tapped.items()})
        if sum(map(len, labels)) >= num_samples:
            break
    labels = np.concatenate(labels)
    if len(labels) <= 2 * _NEIGHBORS:
        raise ValueError(
            f"`dataset` must hold more than {2 * _NEIGHBORS} images, to look for {_NEIGHBORS} "
            f"neighbours of each. Received: {len(labels)} images"
        )
    joined = [
        {name: np.concatenate([each[name] for each in part]) for name in part[0]} for part in parts
    ]
    return joined, labels, batch


def _classes(y):
    labels = as_classes(y)
    if labels is None:
        raise ValueError(
            "`dataset` must give batches (x, y) with classes or one-hot labels. Received: "
            f"y={type(y).__name__}"
        )
    return labels


def _kept(features):
    """A feature as an array; a large map is averaged over squares of pixels."""
    while math.prod(features.shape[1:]) > _LARGEST and len(features.shape) == 4:
        if min(features.shape[1:3]) < 2:
            break
        features = keras.ops.average_pool(features, 2, strides=2)
    return np.asarray(keras.ops.cast(features, "float32"))


def _shape(shape):
    return "x".join(map(str, shape))
