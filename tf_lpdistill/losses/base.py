"""What all distillation losses share: names of features, checks, weights of their own."""

import re
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from tf_lpdistill.losses.values import check_values
from tf_lpdistill.types import LayerNames, Structure, Tensor

_WAYS_OUT = {
    "y": "needs the labels. Pass them to `fit`.",
    "sample_id": "needs to know which sample is which. Make the batches with "
    "data.training_batches(..., sample_ids=True), or number them with data.with_sample_ids.",
}


def snake_case(name: str) -> str:
    """Turns a class's name into its snake-case name: "SoftTarget" into "soft_target"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class Loss(keras.layers.Layer, keras.distillation.DistillationLoss):
    """Base of all distillation losses.

    A loss names the features that it compares, and maps teacher and student features of one batch
    to a scalar. It is a Keras layer, so that it may own weights (they are trained with the student
    and left behind at export) and is saved with the `Distiller`; and a
    `keras.distillation.DistillationLoss`, so that it also works in Keras's own Distiller wherever
    it asks for no more than that one gives.

    A subclass stores its arguments under their own names, implements `compute_loss`, extends
    `get_config`, and where needed `check` and `build_features`. Values are float32 means,
    independent of batch size, width and resolution, and the mean of the values on the replicas is
    the value on the global batch (`ops.replicas`).

    A `compute_loss` that declares one of these arguments beside the features receives it: `y`,
    `sample_weight`; `sample_id`, the (batch,) int64 positions in the training set; `step`, the
    int64 scalar of the optimizer, from which random draws are derived; `teacher_weights`, the
    weights of an ensemble's teachers, a tuple of float with sum 1, None with one teacher.

    Args:
        teacher_layer_name: name of the teacher's feature (see `tf_lpdistill.taps`), or None for
            the teacher's output. A tuple of names where `several_layers` is True: features are
            then tuples of tensors, in this order. Where `several_teachers` is True the teacher's
            feature may be a tuple, one tensor a teacher (see `TeacherEnsemble`).
        student_layer_name: the same for the student, as many names as layers.
        name: name of the term in the logs; defaults to the class's name in snake case.

    Raises:
        ValueError: for names that are not as many for the teacher as for the student, or several
            where the loss compares one pair.
    """

    several_layers = False
    several_teachers = False  # True: one student feature is compared with one of each teacher
    needs = ()  # what `compute_loss` cannot do without, of "y" and "sample_id"

    def __init__(
        self,
        teacher_layer_name: LayerNames = None,
        student_layer_name: LayerNames = None,
        *,
        name: str | None = None,
    ):
        super().__init__(name=name or snake_case(type(self).__name__), dtype="float32")
        self.teacher_layer_name = _as_names(teacher_layer_name)
        self.student_layer_name = _as_names(student_layer_name)
        self.feature_shapes = None
        self._check_names()

    def _check_names(self):
        names = (self.teacher_layer_name, self.student_layer_name)
        lengths = [len(name) if isinstance(name, tuple) else None for name in names]
        if self.several_teachers and lengths[1] is None:
            return  # one name of each teacher: only the Distiller knows how many there are
        if lengths[0] != lengths[1] or (lengths[0] is not None and not self.several_layers):
            wanted = "tuples of the same length" if self.several_layers else "one name each"
            raise ValueError(
                f"{self.name}: `teacher_layer_name` and `student_layer_name` must be {wanted}. "
                f"Received: teacher_layer_name={names[0]!r}, student_layer_name={names[1]!r}"
            )

    def compute_loss(
        self,
        teacher_outputs: Structure,
        student_outputs: Structure,
        y: Structure = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """Computes the value of the loss on one batch.

        Args:
            teacher_outputs: the teacher's features, any float dtype; they get no gradient.
            student_outputs: the student's features, any float dtype.
            y: labels of the batch, or None.
            sample_weight: (batch,) weights, or None; a sample of weight 0 counts for nothing.

        Returns:
            Scalar float32.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `compute_loss`.")

    def build_features(self, teacher_shape: Structure, student_shape: Structure) -> None:
        """Makes the loss's own weights; called once, before training or loading.

        Args:
            teacher_shape: shape of the teacher's features, the batch as None.
            student_shape: shape of the student's features, the batch as None.
        """

    def ensure_built(self, teacher_shape: Structure, student_shape: Structure) -> None:
        """Builds the loss for feature shapes, unless it is built already.

        Args:
            teacher_shape: (batch or None, ...) of the teacher's features.
            student_shape: (batch or None, ...) of the student's features.
        """
        if self.built:
            return
        shapes = tuple(_without_batch(shape) for shape in (teacher_shape, student_shape))
        self.build_features(*shapes)
        self.feature_shapes = shapes
        self.built = True

    def validate_model_compatibility(self, teacher: keras.Model, student: keras.Model) -> None:
        """Builds the loss for two models; Keras's own Distiller calls this when it is made.

        Args:
            teacher: a Functional or Sequential `keras.Model` with a layer `teacher_layer_name`.
            student: the same for the student.
        """
        names = (self.teacher_layer_name, self.student_layer_name)
        tensors = [
            model.outputs[0] if name is None else model.get_layer(name).output
            for model, name in zip((teacher, student), names, strict=True)
        ]
        self.ensure_built(*(tensor.shape for tensor in tensors))

    def check(
        self,
        teacher_outputs: Structure,
        student_outputs: Structure,
        y: Structure = None,
        sample_id: Tensor | None = None,
    ) -> None:
        """Looks at the features of a real batch, before the first step.

        Args:
            teacher_outputs: features of the global batch, concrete values.
            student_outputs: the same for the student.
            y: its labels, or None.
            sample_id: its positions in the training set, or None.

        Raises:
            ValueError: when the loss cannot be computed on them; the text names the way out.
        """

    def check_shapes(self, teacher_outputs: Structure, student_outputs: Structure) -> None:
        """Checks what shapes alone can tell.

        Args:
            teacher_outputs: features of a batch, concrete or symbolic.
            student_outputs: the same for the student.

        Raises:
            ValueError: for features that are not one tensor each, and unequal batch sizes.
        """
        teachers = self._tensors("teacher", teacher_outputs)
        students = self._tensors("student", student_outputs)
        if self.several_teachers:
            students = students * len(teachers)
        for teacher, student in zip(teachers, students, strict=True):
            sizes = teacher.shape[0], student.shape[0]
            if None not in sizes and sizes[0] != sizes[1]:
                raise ValueError(
                    f"{self.name}: teacher and student features must be of the same batch. "
                    f"Received: {sizes[0]} teacher samples and {sizes[1]} student samples."
                )

    def validate_outputs(
        self,
        teacher_outputs: Structure,
        student_outputs: Structure,
        y: Structure = None,
        sample_id: Tensor | None = None,
    ) -> None:
        """Checks shapes always, and values where they are there to be looked at.

        Args:
            teacher_outputs: features of a batch, concrete or symbolic.
            student_outputs: the same for the student.
            y: labels of the batch, or None.
            sample_id: positions in the training set, or None.

        Raises:
            ValueError: for what `check_shapes`, `check_values` and `check` find, and what the loss
                needs and is not there.
        """
        self.check_shapes(teacher_outputs, student_outputs)
        for role, outputs in (("teacher", teacher_outputs), ("student", student_outputs)):
            for tensor in self._tensors(role, outputs):
                if not _is_concrete(tensor):
                    return
                check_values(self.name, role, getattr(self, f"{role}_layer_name"), tensor)
        self._check_needs(y=y, sample_id=sample_id)
        self.check(teacher_outputs, student_outputs, y=y, sample_id=sample_id)

    def _check_needs(self, **given):
        for need in self.needs:
            if given[need] is None:
                raise ValueError(f"{self.name}: {_WAYS_OUT[need]} Received: {need}=None")

    def _tensors(self, role, outputs):
        """The features of one role as a list of tensors."""
        several = self.several_layers or (self.several_teachers and role == "teacher")
        if isinstance(outputs, (tuple, list)) and several:
            return [self._check_is_tensor(role, output) for output in outputs]
        return [self._check_is_tensor(role, outputs)]

    def _check_is_tensor(self, role, outputs):
        if isinstance(outputs, dict):
            raise ValueError(
                f"{self.name}: the {role}'s output is a dict with the keys {sorted(outputs)}. "
                f"Name one of them as `{role}_layer_name`."
            )
        if not hasattr(outputs, "shape"):
            raise ValueError(
                f"{self.name}: expected one tensor of {role} features. Received: "
                f"{type(outputs).__name__}; name a layer with a single output as "
                f"`{role}_layer_name`."
            )
        return outputs

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, and the shapes that the loss is built for, if it is."""
        return {
            "teacher_layer_name": self.teacher_layer_name,
            "student_layer_name": self.student_layer_name,
            "name": self.name,
            "feature_shapes": self.feature_shapes,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes the loss, built if it was built, from what `get_config` returned."""
        config = dict(config)
        shapes = config.pop("feature_shapes", None)
        loss = cls(**config)
        if shapes is not None:
            loss.ensure_built(*shapes)
        return loss


def batch_mean(values: Tensor, sample_weight: Tensor | None = None) -> Tensor:
    """Means a value per sample over the batch, as Keras's own losses do.

    Args:
        values: (batch,) float32.
        sample_weight: (batch,) or (batch, 1), or None. The weighted sum is divided by the size of
            the batch, not by the sum of the weights.

    Returns:
        Scalar float32.
    """
    if sample_weight is not None:
        values = values * ops.reshape(ops.cast(sample_weight, "float32"), (-1,))
    # A replica that the last batch of an epoch leaves empty counts 0, not NaN.
    return ops.sum(values) / ops.cast(ops.maximum(ops.shape(values)[0], 1), "float32")


def _as_names(names):
    return tuple(names) if isinstance(names, (list, tuple)) else names


def _without_batch(shape):
    shape = tuple(shape)
    if shape and not (shape[0] is None or isinstance(shape[0], int)):
        return tuple(_without_batch(part) for part in shape)
    return (None, *shape[1:])


def _is_concrete(tensor):
    """Whether a tensor has values here and now: an array, or an eager tensor."""
    return isinstance(tensor, np.ndarray) or hasattr(tensor, "numpy")
