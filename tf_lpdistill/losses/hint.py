"""FitNets: the student's feature, through a regressor, imitates the teacher's."""

import math
from typing import Any, Self

import keras
from keras import ops

from tf_lpdistill.losses.base import Loss, batch_mean
from tf_lpdistill.ops import as_maps, flatten
from tf_lpdistill.types import Shape, Structure, Tensor


def half_squared_difference(
    teacher_features: Tensor, predicted_features: Tensor, sample_weight: Tensor | None = None
) -> Tensor:
    """`1/2 (f_T - r)^2`, mean over all entries and over the batch.

    Args:
        teacher_features: (batch, ...), any float dtype.
        predicted_features: the same shape: the student's features after the regressor.
        sample_weight: (batch,) or None.

    Returns:
        Scalar float32.
    """
    teacher = flatten(ops.stop_gradient(ops.cast(teacher_features, "float32")))
    predicted = flatten(ops.cast(predicted_features, "float32"))
    return batch_mean(0.5 * ops.mean(ops.square(teacher - predicted), axis=1), sample_weight)


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class Hint(Loss):
    """FitNets' hint: half the mean squared difference after a trained regressor.

    `1/2 |f_T - r(f_S; W_r)|^2`, Eq. 3 of FitNets (and of the locality preserving paper), as a mean
    over the entries of the feature where the paper sums: multiply the weight by the number of
    entries for its scale. Public code (RepDistiller, mdistiller) takes the mean without the half
    and a weight of 100, in one stage beside the labels: a weight of 200 here. The regressor belongs
    to the loss, is trained with the student, and is left behind at export.

    FitNets' two stages are two `Distiller`s one after the other: this loss alone
    (`student_loss_weight=0`), then `SoftTarget`.

    Args:
        teacher_layer_name: the hint layer; None for the teacher's output.
        student_layer_name: the guided layer; None for the student's output.
        regressor: "conv": one convolution without padding, its kernel as large as it takes to
            shrink the student's map to the teacher's (1x1 for equal maps; on vectors, a dense
            layer). "dense": a dense layer between the flattened features. Or a Keras layer that
            maps one to the other.
        name: name of the term in the logs.

    Raises:
        ValueError: for an unknown `regressor`; when it is built, for maps that "conv" cannot bring
            together or a layer whose output has another shape than the teacher's feature.

    Reference: Romero et al., FitNets: Hints for Thin Deep Nets, ICLR 2015
    (https://arxiv.org/abs/1412.6550), Eq. 3 and section 2.2.

    Examples:
        >>> loss = Hint("block2", "conv3", regressor="dense")
        >>> loss.name
        'hint'
    """

    def __init__(
        self,
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        *,
        regressor: str | keras.Layer = "conv",
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        if regressor not in ("conv", "dense") and not isinstance(regressor, keras.Layer):
            raise ValueError(
                "`regressor` must be 'conv', 'dense' or a Keras layer. "
                f"Received: regressor={regressor!r}"
            )
        self.regressor = regressor
        self.regression = regressor if isinstance(regressor, keras.Layer) else None

    def build_features(self, teacher_shape: Shape, student_shape: Shape) -> None:
        """Makes the regressor for the two feature shapes."""
        shape = student_shape
        if self.regressor == "conv":
            self.regression = self._convolution(teacher_shape, student_shape)
            shape = _map_shape(student_shape)
        elif self.regressor == "dense":
            units = math.prod(teacher_shape[1:])
            self.regression = keras.layers.Dense(units, dtype="float32", name="regressor")
            shape = (None, math.prod(student_shape[1:]))
        if not self.regression.built:
            self.regression.build(shape)
        produced = self.regression.compute_output_shape(shape)
        if math.prod(produced[1:]) != math.prod(teacher_shape[1:]):
            raise ValueError(
                f"{self.name}: the regressor turns the student's feature {student_shape} into "
                f"{produced}, which is not of the size of the teacher's feature {teacher_shape}."
            )

    def _convolution(self, teacher_shape, student_shape):
        teacher, student = _map_shape(teacher_shape), _map_shape(student_shape)
        kernel = [s - t + 1 for t, s in zip(teacher[1:3], student[1:3], strict=True)]
        if min(kernel) < 1:
            raise ValueError(
                f"{self.name}: the student's map {student_shape} is smaller than the teacher's "
                f"{teacher_shape}, so no convolution leads from one to the other. Name a later "
                "teacher layer or an earlier student layer, or use regressor='dense'."
            )
        return keras.layers.Conv2D(teacher[3], kernel, dtype="float32", name="regressor")

    def compute_loss(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """See `half_squared_difference`."""
        self.ensure_built(teacher_outputs.shape, student_outputs.shape)
        prepare = {"conv": as_maps, "dense": flatten}.get(self.regressor, lambda features: features)
        predicted = self.regression(prepare(ops.cast(student_outputs, "float32")))
        return half_squared_difference(teacher_outputs, predicted, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        regressor = self.regressor
        if isinstance(regressor, keras.Layer):
            regressor = keras.saving.serialize_keras_object(regressor)
        return {**super().get_config(), "regressor": regressor}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes the loss from what `get_config` returned."""
        config = dict(config)
        if isinstance(config["regressor"], dict):
            config["regressor"] = keras.saving.deserialize_keras_object(config["regressor"])
        return super().from_config(config)


def _map_shape(shape):
    return tuple(shape) if len(shape) == 4 else (None, 1, 1, math.prod(shape[1:]))
