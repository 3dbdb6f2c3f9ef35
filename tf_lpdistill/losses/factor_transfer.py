"""FT: the student's translated feature imitates the teacher's paraphrased one."""

from typing import Any, Self

import keras
from keras import ops

from tf_lpdistill.losses.arguments import check_positive, map_shape
from tf_lpdistill.losses.base import Loss, batch_mean
from tf_lpdistill.ops import as_maps, flatten, l2_normalize, match_sizes
from tf_lpdistill.types import Shape, Structure, Tensor

_SLOPE = 0.1  # of the leaky ReLU: the authors' choice


def factor_distance(
    teacher_factor: Tensor, student_factor: Tensor, sample_weight: Tensor | None = None
) -> Tensor:
    """`|F_T / rms(F_T) - F_S / rms(F_S)|`, mean over all entries and over the batch.

    rms is the root of the mean square over the entries of one sample's factor.

    Args:
        teacher_factor: (batch, height, width, channels) float32.
        student_factor: the same shape.
        sample_weight: (batch,) or None.

    Returns:
        Scalar float32.
    """
    teacher, student = (
        l2_normalize(flatten(factor))
        for factor in (ops.stop_gradient(teacher_factor), student_factor)
    )
    # Length 1 is a mean square of 1 / n: the root makes the mean independent of the size n.
    difference = teacher.shape[1] ** 0.5 * ops.abs(teacher - student)
    return batch_mean(ops.mean(difference, axis=1), sample_weight)


def make_paraphraser(
    teacher_shape: tuple[int, ...], rate: float = 0.5
) -> tuple[keras.Model, keras.Model]:
    """Makes an untrained paraphraser: an autoencoder of the teacher's feature in two halves.

    Three 3x3 convolutions lead to the factor, three transposed ones back, each with a leaky ReLU
    of slope 0.1 and without batch normalisation, as in the authors' code.

    Args:
        teacher_shape: shape of the teacher's feature without the batch: (height, width, channels)
            or (channels,).
        rate: k: the factor has k times the teacher's channels, rounded, at least one.

    Returns:
        encoder: `keras.Model` from the feature to the factor (height, width, channels k).
        decoder: `keras.Model` from the factor to the reconstructed feature.

    Raises:
        ValueError: when `rate` is not a positive number, or the shape is of another rank.
    """
    check_positive("rate", rate)
    shape = tuple(teacher_shape)
    if len(shape) not in (1, 3):
        raise ValueError(
            "`teacher_shape` must be (height, width, channels) or (channels,), without the batch. "
            f"Received: teacher_shape={shape}"
        )
    channels, factors = shape[-1], max(1, round(rate * shape[-1]))
    map_shape = shape if len(shape) == 3 else (1, 1, *shape)
    encoder = _model(
        "encoder",
        shape,
        [keras.layers.Reshape(map_shape, dtype="float32")]
        + _convolutions(keras.layers.Conv2D, (channels, factors, factors)),
    )
    decoder = _model(
        "decoder",
        (*map_shape[:2], factors),
        _convolutions(keras.layers.Conv2DTranspose, (factors, channels, channels))
        + [keras.layers.Reshape(shape, dtype="float32")],
    )
    return encoder, decoder


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class FactorTransfer(Loss):
    """Factor transfer (FT): paraphrasing the teacher, translating the student.

    A paraphraser turns the teacher's feature into a smaller factor F_T, a translator the student's
    into F_S, and the loss is the L1 distance of the normalised factors:

        mean |F_T / rms(F_T) - F_S / rms(F_S)|

    The paper divides by the length instead of rms and sums, which is this value times the root of
    the number n of entries of the factor; the authors' code means, which is this value divided by
    that root: its default weight of 500 is 500 / sqrt(n) here.

    The translator has three 3x3 convolutions with leaky ReLUs, belongs to the loss and is trained
    with the student. The paraphraser is an autoencoder, trained first, of which the encoder is
    given to the loss. Two plain `Distiller`s:

        features = keras.Model(teacher.input, teacher.get_layer("block3").output)
        features.trainable = False
        encoder, decoder = make_paraphraser(features.output_shape[1:], rate=0.5)
        autoencoder = keras.Sequential([features, encoder, decoder])
        reconstruction = Hint(regressor=keras.layers.Identity())
        first = Distiller(features, autoencoder, reconstruction, student_loss_weight=0.0)
        second = Distiller(teacher, student, FactorTransfer("block3", "conv5", paraphraser=encoder))

    Without `paraphraser` both stages run in one, which is ours and not the paper's: the loss makes
    a paraphraser and adds its reconstruction error, the mean squared difference, to the value. That
    trains the paraphraser alone, and the distance the translator and the student alone. Of
    factors of unequal size the larger is average-pooled.

    Args:
        teacher_layer_name: the teacher's feature; None for its output.
        student_layer_name: the student's feature; None for its output.
        paraphraser: a trained `keras.Model` from the teacher's feature to its factor. It is used
            in inference mode and frozen (`trainable = False`). None: one is made and trained.
        rate: k of the paraphraser that is made where none is given, see `make_paraphraser`.
        name: name of the term in the logs.

    Raises:
        ValueError: when `paraphraser` is not a Keras model, or `rate` is not a positive number;
            when it is built, for features, or a factor, neither maps of known size nor vectors.

    Reference: Kim, Park, Kwak, Paraphrasing Complex Network: Network Compression via Factor
    Transfer, NeurIPS 2018 (https://arxiv.org/abs/1802.04977), section 3.

    Examples:
        >>> encoder, decoder = make_paraphraser((8, 8, 64), rate=0.5)
        >>> encoder.output_shape
        (None, 8, 8, 32)
        >>> loss = FactorTransfer("block3", "conv5", paraphraser=encoder)
    """

    def __init__(
        self,
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        *,
        paraphraser: keras.Model | None = None,
        rate: float = 0.5,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        if paraphraser is not None and not isinstance(paraphraser, keras.Model):
            raise ValueError(
                "`paraphraser` must be a trained keras.Model from the teacher's feature to its "
                f"factor, such as the encoder of make_paraphraser(...). Received: "
                f"paraphraser={paraphraser!r}"
            )
        self.paraphraser = paraphraser
        self.rate = check_positive("rate", rate)
        self.encoder, self.decoder = paraphraser, None
        if paraphraser is not None:
            paraphraser.trainable = False

    def build_features(self, teacher_shape: Shape, student_shape: Shape) -> None:
        """Makes the translator, and the paraphraser where none was given."""
        if self.paraphraser is None:
            map_shape(self.name, teacher_shape)
            self.encoder, self.decoder = make_paraphraser(teacher_shape[1:], self.rate)
        factor = map_shape(self.name, self.encoder.compute_output_shape(teacher_shape))
        student = map_shape(self.name, student_shape)
        convolutions = _convolutions(keras.layers.Conv2D, (student[3], factor[3], factor[3]))
        self.translator = _model("translator", student[1:], convolutions)

    def compute_loss(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_weight: Tensor | None = None,
    ) -> Tensor:
        """See `factor_distance`; adds the reconstruction error where the paraphraser is trained."""
        self.ensure_built(teacher_outputs.shape, student_outputs.shape)
        teacher = ops.stop_gradient(ops.cast(teacher_outputs, "float32"))
        teacher_factor = self.encoder(teacher, training=False)
        student_factor = self.translator(as_maps(ops.cast(student_outputs, "float32")))
        maps = match_sizes(as_maps(ops.cast(teacher_factor, "float32")), student_factor)
        value = factor_distance(*maps, sample_weight)
        if self.decoder is not None:
            error = flatten(ops.square(self.decoder(teacher_factor) - teacher))
            value = value + batch_mean(ops.mean(error, axis=1), sample_weight)
        return value

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        paraphraser = self.paraphraser
        if paraphraser is not None:
            paraphraser = keras.saving.serialize_keras_object(paraphraser)
        return {**super().get_config(), "paraphraser": paraphraser, "rate": self.rate}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes the loss from what `get_config` returned."""
        config = dict(config)
        if isinstance(config["paraphraser"], dict):
            config["paraphraser"] = keras.saving.deserialize_keras_object(config["paraphraser"])
        return super().from_config(config)


def _model(name, shape, layers):
    """A chain of float32 layers; Functional, since a Sequential casts under mixed precision."""
    inputs = outputs = keras.Input(shape, dtype="float32")
    for layer in layers:
        outputs = layer(outputs)
    return keras.Model(inputs, outputs, name=name)


def _convolutions(convolution, widths):
    layers = []
    for width in widths:
        layers.append(convolution(width, 3, padding="same", dtype="float32"))
        layers.append(keras.layers.LeakyReLU(negative_slope=_SLOPE, dtype="float32"))
    return layers
