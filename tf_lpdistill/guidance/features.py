"""Whether the features that losses compare carry what the losses look for."""

from collections.abc import Iterator

import keras
import numpy as np

from tf_lpdistill.guidance.evidence import RELATIONAL, Evidence
from tf_lpdistill.guidance.finding import Finding
from tf_lpdistill.guidance.geometry import chance_purity, label_purity, near_chance
from tf_lpdistill.ops import num_replicas
from tf_lpdistill.terms import Term

_NEIGHBORS = 5
# A layer is wrong where its neighbours are this much more often of another class than those of the
# layer before the logits: twice as often, and five in a hundred more.
_FACTOR, _MORE = 2.0, 0.05
_CONSTANT = 1e-6  # spread over size


def look_at_features(evidence: Evidence) -> Iterator[Finding]:
    """Yields findings about features that are constant, or say little about the classes."""
    for term in evidence.terms:
        constant = list(_constant(evidence, term))
        yield from constant
        if not constant and isinstance(term.loss, RELATIONAL):
            yield from _wrong_layer(evidence, term)
        if hasattr(term.loss, "num_neighbors"):
            yield from _too_many_neighbors(evidence, term)


def _constant(evidence, term):
    names = [getattr(term.loss, f"{role}_layer_name", None) for role in ("teacher", "student")]
    features = term.select(*evidence.outputs)
    for role, name, tensors in zip(("teacher", "student"), names, features, strict=True):
        for tensor in keras.tree.flatten(tensors):
            values = np.asarray(keras.ops.cast(tensor, "float32")).reshape(len(tensor), -1)
            if not np.isfinite(values).all() or len(values) < 2:
                continue  # refused elsewhere
            spread = float(values.std(axis=0).max())
            if spread <= _CONSTANT * max(float(np.abs(values).max()), 1e-12):
                yield Finding(
                    "constant_feature",
                    "error",
                    f"{term.name}: the {role}'s feature {name or 'output'!r} is the same for all "
                    f"{len(values)} images of the batch.",
                    "Where all images look alike there is nothing to compare, and no gradient.",
                    "Name another layer; where ReLUs are dead or weights were never loaded, mend "
                    "the model.",
                )


def _wrong_layer(evidence, term):
    features, teacher = evidence.relational[term.name], evidence.teacher_of(term)
    labels = evidence.labels
    if features is None or labels is None or teacher is None or len(labels) <= 2 * _NEIGHBORS:
        return
    chance = chance_purity(labels)
    purity = label_purity(features, labels, _NEIGHBORS).mean()
    name = term.loss.teacher_layer_name or "output"
    best = None
    if teacher.features is not None and teacher.layer != name:
        best = label_purity(teacher.features, labels, _NEIGHBORS).mean()
    known_good = best is not None and best > 0.5 * (1 + chance)
    far_worse = known_good and 1 - purity > _FACTOR * (1 - best) + _MORE
    right = teacher.predictions is not None and np.mean(
        teacher.predictions.argmax(axis=1) == labels
    )
    if not far_worse and not (near_chance(purity, chance) and right and right > 0.5 * (1 + chance)):
        return
    better = f" in {teacher.layer!r}, before its logits, {best:.0%}" if best is not None else ""
    yield Finding(
        "wrong_layer",
        "warning",
        f"{term.name}: in the teacher's {name!r}, {purity:.0%} of the {_NEIGHBORS} nearest "
        f"neighbours share their image's class (by chance {chance:.0%});{better}.",
        "This loss hands on who is near whom, and there it says little of the classes. It need not "
        "hurt (docs/results/layers.md), but is rarely what is meant.",
        f"Name {teacher.layer!r} as `teacher_layer_name`, or ask guidance.suggest_layers."
        if best is not None
        else "Name another `teacher_layer_name`; guidance.suggest_layers ranks them.",
    )


def lacks_neighbors(evidence: Evidence, term: Term) -> bool:
    """Whether a loss asks for more neighbours than a batch has.

    Args:
        evidence: `Evidence`.
        term: one of its terms.
    """
    return getattr(term.loss, "num_neighbors", 0) >= _compared(evidence, term)


def _compared(evidence, term):
    """How many samples a loss compares at a time."""
    alone = getattr(term.loss, "scope", "global") == "replica"
    return evidence.batch_size // (num_replicas() if alone else 1)


def _too_many_neighbors(evidence, term):
    k, batch = term.loss.num_neighbors, _compared(evidence, term)
    if lacks_neighbors(evidence, term):
        seen, largest = f"num_neighbors={k}, and a batch holds {batch} images", batch - 1
    else:
        sizes = _class_sizes(evidence, batch)
        if sizes is None or k < 2 * max(sizes.mean(), 1):
            return
        largest = max(int(sizes.mean()), 1)
        seen = f"num_neighbors={k}, and a batch of {batch} holds {sizes.mean():.0f} others a class"
    yield Finding(
        "too_many_neighbors",
        "error" if k >= batch else "warning",
        f"{term.name}: {seen}.",
        "The nearest neighbours of an image then belong mostly to other classes, and the student "
        "is told to draw the classes together.",
        f"Use num_neighbors={min(5, largest)} (at most {largest}), or a larger batch.",
    )


def _class_sizes(evidence, batch):
    """How many others of its class an image meets in a batch, for every image; or None."""
    if evidence.labels is None:
        return None
    labels = evidence.labels[:batch]
    return np.bincount(labels - labels.min())[labels - labels.min()] - 1
