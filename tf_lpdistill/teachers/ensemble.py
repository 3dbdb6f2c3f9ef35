"""Several teachers of one student."""

import math
import numbers
from collections.abc import Sequence

import keras

from tf_lpdistill.teachers.live_ensemble import LiveEnsemble


class TeacherEnsemble:
    """Several trained models that teach one student; a `Distiller` takes it as its teacher.

    Each teacher runs once a step, in inference mode, on the images that the student sees. What a
    loss is given depends on the `teacher_layer_name` that it was made with:

    | `teacher_layer_name` | what the loss is given |
    |---|---|
    | `None` | the outputs of all teachers, as a tuple |
    | `"features"` | that feature of every teacher, as a tuple |
    | `("resnet/pool", "vgg/fc1")` | one feature of each teacher, in the ensemble's order |
    | `"resnet/pool"` | that feature of the teacher named "resnet" alone |
    | `"resnet"` | the output of that teacher alone |

    Losses with `several_teachers = True` (`SoftTarget`, `RelativeDissimilarity`) take the tuples;
    every loss takes one teacher of an ensemble. A path belongs to a teacher when its first part is
    a teacher's name, whatever the layers are called.

    Args:
        teachers: two or more `keras.Model`s with different names. They are used as they are, not
            frozen or changed.
        weights: how much each teacher counts, one number each, not negative and not all 0; they
            are divided by their sum. None: all the same.

    Attributes:
        teachers: the models, a tuple.
        names: their names, a tuple of str.
        weights: the weights, a tuple of float with sum 1.

    Raises:
        ValueError: for arguments that do not fit.

    Examples:
        >>> resnet, vgg = (
        ...     keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)], name=name)
        ...     for name in ("resnet", "vgg"))
        >>> TeacherEnsemble([resnet, vgg], weights=[3, 1])
        TeacherEnsemble(['resnet', 'vgg'], weights=[0.75, 0.25])
    """

    def __init__(self, teachers: Sequence[keras.Model], weights: Sequence[float] | None = None):
        self.teachers = _check_models(teachers)
        self.names = tuple(teacher.name for teacher in self.teachers)
        _check_names(self.names)
        self.weights = _check_weights(weights, len(self.teachers))

    def source(self, names: Sequence[str]) -> LiveEnsemble:
        """Returns the source of the features with these `names`, see `connect`."""
        return LiveEnsemble(self, names)

    def __repr__(self):
        return f"TeacherEnsemble({list(self.names)}, weights={list(self.weights)})"


def _check_models(teachers):
    several = isinstance(teachers, (list, tuple)) and len(teachers) >= 2
    if not several or not all(isinstance(teacher, keras.Model) for teacher in teachers):
        raise ValueError(
            "`teachers` must be a list of two or more keras.Models; a single model is a teacher "
            f"by itself: Distiller(model, ...). Received: teachers={teachers!r}"
        )
    return tuple(teachers)


def _check_names(names):
    if len(set(names)) < len(names):
        raise ValueError(
            "The teachers of an ensemble must have different names, since losses name a teacher's "
            "feature by '<teacher name>/<layer>'. Set `teacher.name = ...`, or build the model "
            f"with `name=`. Received: names {list(names)}"
        )


def _check_weights(weights, number):
    if weights is None:
        weights = [1.0] * number
    weights = list(weights) if isinstance(weights, (list, tuple)) else weights
    numbers_only = isinstance(weights, list) and all(
        isinstance(weight, numbers.Real) and 0 <= weight < math.inf for weight in weights
    )
    if not numbers_only or len(weights) != number or not any(weights):
        raise ValueError(
            f"`weights` must be {number} finite numbers, one a teacher, not negative and not all "
            f"0. Received: weights={weights!r}"
        )
    total = math.fsum(weights)
    return tuple(float(weight / total) for weight in weights)
