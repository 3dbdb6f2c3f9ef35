"""Adversarial features: a discriminator cannot tell the student's from the teacher's."""

import math
from typing import Any, Self

import keras
from keras import ops

from tf_lpdistill.losses.base import Loss, batch_mean
from tf_lpdistill.ops import match_sizes, reverse_gradient
from tf_lpdistill.types import Shape, Structure, Tensor

_UNITS = 128


def discrimination(
    teacher_logits: Tensor, student_logits: Tensor, sample_weight: Tensor | None = None
) -> Tensor:
    """`-1/2 (log D(f_T) + log(1 - D(f_S)))`: the binary cross-entropy of the discriminator.

    Args:
        teacher_logits: (batch,) or (batch, 1); D is their sigmoid, the probability of "teacher".
        student_logits: the same for the student's features.
        sample_weight: (batch,) or None.

    Returns:
        Scalar float32, log 2 for a discriminator that knows nothing.
    """
    teacher, student = (
        ops.reshape(ops.cast(logits, "float32"), (-1,))
        for logits in (teacher_logits, student_logits)
    )
    return batch_mean(0.5 * (ops.softplus(-teacher) + ops.softplus(student)), sample_weight)


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class AdversarialFeature(Loss):
    """Adversarial features: the student is a generator that a discriminator judges.

    The discriminator D tells the teacher's features from the student's,

        min_D max_S  -1/2 mean_i (log D(f_T^i) + log(1 - D(f_S^i)))

    and both sides move in the same step of the same optimizer: the gradient is reversed between
    the student's features and D, so that D descends and the student ascends. The value is D's
    binary cross-entropy: log 2 = 0.693 when it cannot tell the two apart, which is the student's
    aim, and near 0 when it always can. A falling value is no progress of the student.

    D belongs to the loss, is trained with the student and left behind at export; so does, where the
    student's feature has other channels than the teacher's, an adapter on the student's side: a
    dense layer over the channels (a 1x1 convolution), trained as part of the generator. Where maps
    differ in size the larger one is averaged over areas.

    Readings: the paper's weights, and the shape of its discriminator, are not known to us. The
    mean over both halves of the binary cross-entropy is half the sum that a GAN's value function
    has: a weight of 2 gives that. A weight scales the step of both players.

    Args:
        teacher_layer_name: the teacher's feature; None for its output.
        student_layer_name: the student's feature; None for its output.
        discriminator: a Keras layer or model that maps the teacher's feature (batch, ...) to one
            logit a sample, not a probability; it is called with `training=True`. With
            BatchNormalization in it, each replica uses its own statistics. None: a perceptron over
            the flattened feature with two hidden layers of 128 units; name a pooled layer, or give
            a convolutional one, for large maps.
        name: name of the term in the logs.

    Raises:
        ValueError: for a `discriminator` that is no Keras layer; when it is built, for features
            that differ in more than height, width and channels, or a discriminator that gives more
            than one value a sample.

    Reference: Wang, Xu, Xu, Tao, Adversarial Learning of Portable Student Networks, AAAI 2018
    (https://doi.org/10.1609/aaai.v32i1.11667).

    Examples:
        >>> loss = AdversarialFeature("features", "embedding", discriminator=keras.layers.Dense(1))
        >>> loss.name
        'adversarial_feature'
    """

    def __init__(
        self,
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        *,
        discriminator: keras.Layer | None = None,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        if discriminator is not None and not isinstance(discriminator, keras.Layer):
            raise ValueError(
                "`discriminator` must be a Keras layer or model, or None. "
                f"Received: discriminator={discriminator!r}"
            )
        self.discriminator = discriminator
        self.judge = discriminator
        self.adapter = None

    def build_features(self, teacher_shape: Shape, student_shape: Shape) -> None:
        """Makes the discriminator, and the adapter where the channels differ."""
        shape = self._common_shape(teacher_shape, student_shape)
        if self.discriminator is None:
            self.judge = _perceptron(shape)
        if not self.judge.built:
            self.judge.build(shape)
        produced = self.judge.compute_output_shape(shape)
        if math.prod(produced[1:]) != 1:
            raise ValueError(
                f"{self.name}: the discriminator must give one logit a sample. Received: one that "
                f"turns {shape} into {tuple(produced)}. End it in keras.layers.Dense(1)."
            )
        if student_shape[-1] != teacher_shape[-1]:
            self.adapter = keras.layers.Dense(teacher_shape[-1], dtype="float32", name="adapter")
            self.adapter.build((*shape[:-1], student_shape[-1]))

    def _common_shape(self, teacher_shape, student_shape):
        """What the discriminator sees: the smaller map, with the teacher's channels."""
        maps = len(teacher_shape) == len(student_shape) == 4
        inner = [shape[1:-1] for shape in (teacher_shape, student_shape)]
        if None in (*teacher_shape[1:], *student_shape[1:]) or not (maps or inner[0] == inner[1]):
            raise ValueError(
                f"{self.name}: teacher and student features must be two vectors or two maps, of "
                f"known size. Received: teacher {teacher_shape}, student {student_shape}. Name "
                "two pooled layers, or two layers of feature maps."
            )
        return (None, *(min(sizes) for sizes in zip(*inner, strict=True)), teacher_shape[-1])

    def compute_loss(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """See `discrimination`; the student's features receive the reversed gradient."""
        self.check_shapes(teacher_outputs, student_outputs)
        self.ensure_built(teacher_outputs.shape, student_outputs.shape)
        teacher = ops.stop_gradient(ops.cast(teacher_outputs, "float32"))
        student = ops.cast(student_outputs, "float32")
        if len(teacher.shape) == 4:
            teacher, student = match_sizes(teacher, student)
        if self.adapter is not None:
            student = self.adapter(student)
        logits = (self.judge(f, training=True) for f in (teacher, reverse_gradient(student)))
        return discrimination(*logits, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        discriminator = self.discriminator
        if discriminator is not None:
            discriminator = keras.saving.serialize_keras_object(discriminator)
        return {**super().get_config(), "discriminator": discriminator}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes the loss from what `get_config` returned."""
        config = dict(config)
        if isinstance(config["discriminator"], dict):
            config["discriminator"] = keras.saving.deserialize_keras_object(config["discriminator"])
        return super().from_config(config)


def _perceptron(shape):
    def dense(units, activation=None):
        return keras.layers.Dense(units, activation, dtype="float32")

    layers = [keras.layers.Flatten(dtype="float32")] if len(shape) > 2 else []
    layers += [dense(_UNITS, "leaky_relu"), dense(_UNITS, "leaky_relu"), dense(1)]
    return keras.Sequential([keras.Input(shape[1:]), *layers], name="discriminator")
