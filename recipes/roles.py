"""Which layers a method compares: by role, found in the models, or named by flags."""

import dataclasses
import math

from keras import layers

from tf_lpdistill import models, taps
from tf_lpdistill.structure import is_graph, layer_at

ROLES = {
    "features": "the pooled vector before the logits",
    "maps": "the last feature maps",
    "preactivation": "the last maps before their ReLU",
    "stages": "the ends of the stages, comma separated, shallow to deep",
}
_ACTIVATIONS = (layers.ReLU, layers.LeakyReLU, layers.Activation)
_PASSING = (layers.Dropout, layers.SpatialDropout2D, layers.Rescaling, layers.ZeroPadding2D)


@dataclasses.dataclass(frozen=True)
class Network:
    """The layers of one model.

    Args:
        name: "teacher" or "student".
        shapes: {layer: shape of its output without the batch}, in the order of the forward pass.
        roles: {role: layer, or tuple of layers for "stages"}; a role that was not found is absent.
    """

    name: str
    shapes: dict
    roles: dict

    @classmethod
    def of(cls, name, model, **named):
        """Finds the layers of a model, but for those that are named.

        Raises:
            ValueError: for a name that the model does not have.
        """
        named = {role: layer for role, layer in named.items() if layer}
        for layer in named.values():
            taps.Tap(model, layer if isinstance(layer, (list, tuple)) else [layer])
        shapes = _shapes(model)
        return cls(name, shapes, _find(model, shapes) | named)

    def layer(self, role):
        """The layer of a role.

        Raises:
            ValueError: when there is none.
        """
        if not self.roles.get(role):
            raise ValueError(
                f"The {self.name} has no layer found for {role!r} ({ROLES[role]}). Name it: "
                f"--{self.name}_{role}=LAYER"
            )
        return self.roles[role]


@dataclasses.dataclass(frozen=True)
class Layers:
    """The layers of teacher and student, by role: pairs (teacher's, student's) for the losses.

    Args:
        teacher: the teacher's `Network`.
        student: the student's.
    """

    teacher: Network
    student: Network

    @classmethod
    def of(cls, teacher, student):
        """Finds the layers of two models."""
        return cls(Network.of("teacher", teacher), Network.of("student", student))

    def pair(self, role):
        """Returns what a loss takes first: the teacher's name and the student's.

        Args:
            role: one of `ROLES`; "outputs", the logits; "middle", the stage end half-way in each;
                "review", the stage ends and the pooled vector. Of several layers as many are taken
                from the end as both networks have.

        Raises:
            ValueError: when a network has no such layer.
        """
        if role == "outputs":
            return None, None
        if role == "review":
            both = zip(self.pair("stages"), self.pair("features"), strict=True)
            return tuple((*stages, features) for stages, features in both)
        if role == "middle":
            ends = self.teacher.layer("stages"), self.student.layer("stages")
            return tuple(side[len(side) // 2] for side in ends)
        names = self.teacher.layer(role), self.student.layer(role)
        if role == "stages":
            number = min(map(len, names))
            return tuple(tuple(side[-number:]) for side in names)
        return names

    def embeddings(self):
        """The layers of the pooled vectors, `(teacher's, student's)`, each None if not found."""
        return self.teacher.roles.get("features"), self.student.roles.get("features")

    def entries(self, role):
        """How many numbers a method compares: the teacher's channels at the smaller map size."""
        names = self.pair(role)
        teacher, student = self.teacher.shapes[names[0]], self.student.shapes[names[1]]
        return teacher[-1] * min(math.prod(teacher[:-1]), math.prod(student[:-1]))


def _shapes(model):
    if not is_graph(model):
        raise ValueError(
            f"The layers of {model.name!r} cannot be looked into: it must be a Functional or "
            "Sequential model that is built."
        )
    return taps.feature_shapes(model)


def _find(model, shapes):
    # A nested model is listed before its layers, of which the last gives the same.
    nested = {name.rpartition("/")[0] for name in shapes}
    plain = [n for n in shapes if n not in nested and not isinstance(layer_at(model, n), _PASSING)]
    vectors = [name for name in plain if len(shapes[name]) == 1]
    maps = [name for name in plain if len(shapes[name]) == 3 and math.prod(shapes[name][:2]) > 1]
    found = {}
    if "features" in shapes or len(vectors) > 1:
        found["features"] = "features" if "features" in shapes else vectors[-2]
    if maps:
        found["maps"] = maps[-1]
        named = tuple(name for name in models.stage_names(model) if name in maps)
        found["stages"] = named or tuple({shapes[name][:2]: name for name in maps}.values())
        before = list(shapes)[list(shapes).index(maps[-1]) - 1]
        activated = isinstance(layer_at(model, maps[-1]), _ACTIVATIONS)
        if activated and shapes.get(before) == shapes[maps[-1]]:
            found["preactivation"] = before
    return found
