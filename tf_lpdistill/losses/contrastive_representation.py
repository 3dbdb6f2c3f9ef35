"""CRD: a sample's embedding is told from those of other samples by what the teacher makes of it."""

import math
import numbers
from typing import Any

import keras
from keras import ops

from tf_lpdistill.losses.arguments import check_count, check_positive, class_indices
from tf_lpdistill.losses.base import Loss, batch_mean
from tf_lpdistill.ops import assign_rows, draw_indices, flatten, gather, l2_normalize
from tf_lpdistill.types import Shape, Structure, Tensor


def contrast(
    positive: Tensor,
    negatives: Tensor,
    shift: Tensor,
    counts: Tensor,
    sample_weight: Tensor | None = None,
) -> Tensor:
    """`-log h(+) - N mean_k log(1 - h(-_k))` with `h(x) = sigmoid(x - shift)`, mean over the batch.

    Args:
        positive: (batch,) float32, similarity divided by the temperature.
        negatives: (batch, N) float32, the same for N other samples.
        shift: scalar float32, log(Z N / M) of Eq. 19.
        counts: (batch, N) float32, 1 for negatives and 0 for draws that are none; the others
            count for those.
        sample_weight: (batch,) or None.

    Returns:
        Scalar float32.
    """
    drawn = counts.shape[1]
    share = ops.sum(counts, axis=1) / drawn
    missed = ops.sum(counts * ops.softplus(negatives - shift), axis=1)
    missed = missed / ops.maximum(share, 1.0 / drawn)
    return batch_mean(ops.softplus(shift - positive) + missed, sample_weight)


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class ContrastiveRepresentation(Loss):
    """Contrastive representation distillation (CRD), with a memory bank by sample id.

    Teacher and student features are embedded by a trained linear map each, g_T and g_S, scaled to
    length 1. A bank keeps both embeddings of all M training samples. The student's embedding of
    sample i is to recognise the teacher's embedding of i in the bank among N others, drawn anew
    each step, and the teacher's that of the student:

        h(T, S) = exp(g_T.g_S / tau) / (exp(g_T.g_S / tau) + Z N / M)              (Eq. 19)
        -log h(T_i, S_i) - sum_k log(1 - h(T_i, S_k)),    mean over the batch      (Eq. 18)

    summed over the two sides. After each step the rows of the batch move towards their new
    embeddings: `v <- normalise(momentum v + (1 - momentum) g)`. A weight of 0.8 is the public
    default. Maps and bank belong to the loss: they are saved with the `Distiller`, which makes its
    file larger by 2 M `embedding_dim` numbers (51 MB for 50,000 samples), and left behind at
    export.

    It needs the position of each sample in the training set:
    `data.training_batches(..., sample_ids=True)` or `data.with_sample_ids`.

    Readings: Z, which Eq. 19 does not have, is M times the mean of exp(g_T.g_S / tau) over the
    first batch, as in the authors' code. As there, negatives are of other classes only where there
    are labels, here as far as a sample has been seen; a draw that is no negative is replaced by the
    mean of those that are. Ours is that draws may repeat, in the authors' code only where N exceeds
    the number of negatives, and that all samples of a batch share them, which makes the products
    one matrix product, O(batch N `embedding_dim`); neither changes an expectation.

    Args:
        teacher_layer_name: the teacher's feature; None for its output.
        student_layer_name: the student's feature; None for its output.
        num_samples: M, the size of the training set.
        embedding_dim: width of the embeddings.
        num_negatives: N, draws a step.
        temperature: tau, a positive float.
        momentum: what is kept of a row of the bank, from 0 up to, not including, 1.
        seed: of the draws, which depend on it and the step alone, and of the bank.
        name: name of the term in the logs.

    Raises:
        ValueError: for arguments out of range; without sample ids; before training, for ids of the
            first batch that are not from 0 to M - 1, and for labels that are no classes.

    Reference: Tian, Krishnan, Isola, Contrastive Representation Distillation, ICLR 2020
    (https://arxiv.org/abs/1910.10699), Eqs. 17 to 19 and section 3.

    Examples:
        >>> loss = ContrastiveRepresentation("features", "embedding", num_samples=50_000)
        >>> loss.needs
        ('sample_id',)
    """

    needs = ("sample_id",)

    def __init__(
        self,
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        *,
        num_samples: int,
        embedding_dim: int = 128,
        num_negatives: int = 16384,
        temperature: float = 0.07,
        momentum: float = 0.5,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(teacher_layer_name, student_layer_name, name=name)
        self.num_samples = check_count("num_samples", num_samples)
        self.embedding_dim = check_count("embedding_dim", embedding_dim)
        self.num_negatives = check_count("num_negatives", num_negatives)
        self.temperature = check_positive("temperature", temperature)
        if not isinstance(momentum, numbers.Real) or not 0.0 <= momentum < 1.0:
            raise ValueError(f"`momentum` must lie in [0, 1). Received: momentum={momentum!r}")
        self.momentum = float(momentum)
        if not isinstance(seed, numbers.Integral):
            raise ValueError(f"`seed` must be an int. Received: seed={seed!r}")
        self.seed = int(seed)

    def build_features(self, teacher_shape: Shape, student_shape: Shape) -> None:
        """Makes the two embeddings, the two banks, and what goes with them."""
        bound = math.sqrt(3.0 / self.embedding_dim)  # rows of length 1 on average
        self.embeddings, self.banks = [], []
        for index, shape in enumerate((teacher_shape, student_shape)):
            embedding = keras.layers.Dense(self.embedding_dim, dtype="float32")
            embedding.build((None, math.prod(shape[1:])))
            self.embeddings.append(embedding)
            uniform = keras.initializers.RandomUniform(-bound, bound, seed=self.seed + index)
            self.banks.append(self._remember((self.num_samples, self.embedding_dim), uniform))
        unknown = keras.initializers.Constant(-1)
        self.classes = self._remember((self.num_samples,), unknown, dtype="int32")
        # log Z of both sides; not finite until the first step has set it.
        self.normalizers = self._remember((2,), keras.initializers.Constant(-math.inf))

    def _remember(self, shape, initializer, dtype="float32"):
        return self.add_weight(
            shape=shape,
            initializer=initializer,
            dtype=dtype,
            trainable=False,
            aggregation="only_first_replica",
        )

    def check(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_id: Tensor | None = None,
    ) -> None:
        """Refuses ids that the bank does not have, and labels that are no classes."""
        if y is not None:
            class_indices(self.name, y)
        ids = ops.convert_to_numpy(sample_id)
        if ids.min() < 0 or ids.max() >= self.num_samples:
            raise ValueError(
                f"{self.name}: sample ids must lie in 0..{self.num_samples - 1}, positions in a "
                f"training set of `num_samples`. Received: num_samples={self.num_samples}, ids "
                f"from {ids.min()} to {ids.max()}"
            )

    def compute_loss(
        self,
        teacher_outputs: Tensor,
        student_outputs: Tensor,
        y: Structure = None,
        sample_weight: Tensor | None = None,
        sample_id: Tensor | None = None,
        step: Tensor | int = 0,
    ) -> Tensor:
        """See the class; reads the bank, then moves its rows of this batch."""
        self._check_needs(y=y, sample_id=sample_id)
        self.ensure_built(teacher_outputs.shape, student_outputs.shape)
        outputs = ops.stop_gradient(teacher_outputs), student_outputs
        anchors = [
            l2_normalize(embedding(flatten(ops.cast(features, "float32"))))
            for embedding, features in zip(self.embeddings, outputs, strict=True)
        ]
        labels = None if y is None else class_indices(self.name, y)
        drawn = draw_indices(self.num_negatives, self.num_samples, self.seed, step)
        counts = self._counts(drawn, sample_id, labels)
        # Each side looks for itself in the bank of the other.
        similarities = [
            self._similarities(anchor, bank, sample_id, drawn)
            for anchor, bank in zip(anchors, reversed(self.banks), strict=True)
        ]
        shifts = self._shifts(similarities, sample_weight)
        value = sum(
            contrast(*side, shift, counts, sample_weight)
            for side, shift in zip(similarities, shifts, strict=True)
        )
        self._update(anchors, sample_id, labels, sample_weight)
        return value

    def _counts(self, drawn, sample_id, labels):
        """(batch, N) float32: which draws are negatives of which sample."""
        ids = ops.cast(sample_id, "int32")[:, None]
        negative = ids != drawn[None, :]
        if labels is not None:
            others = labels[:, None] != ops.take(self.classes, drawn)[None, :]
            negative = ops.logical_and(negative, others)
        return ops.cast(negative, "float32")

    def _similarities(self, anchor, bank, sample_id, drawn):
        """Of the anchors with their own rows of the bank, and with the rows drawn."""
        own = ops.take(bank, sample_id, axis=0)
        others = ops.take(bank, drawn, axis=0)
        return (
            ops.sum(anchor * own, axis=1) / self.temperature,
            ops.matmul(anchor, ops.transpose(others)) / self.temperature,
        )

    def _shifts(self, similarities, sample_weight):
        """log(Z N / M) of each side; the first step sets Z."""
        known = ops.all(ops.isfinite(self.normalizers))
        sums = ops.cond(
            known,
            lambda: ops.zeros((1, 2)),
            lambda: ops.stack([_log_sum(*s, sample_weight) for s in similarities])[None, :],
        )
        rows = ops.ones_like(similarities[0][0]) if sample_weight is None else sample_weight
        rows = ops.sum(ops.cast(ops.reshape(rows, (-1,)) > 0.0, "float32"), keepdims=True)
        samples = ops.sum(gather(rows))
        entries = ops.maximum(samples, 1.0) * (self.num_negatives + 1)
        fresh = ops.logsumexp(gather(sums), axis=0) - ops.log(entries) + math.log(self.num_samples)
        normalizers = ops.where(known, self.normalizers, fresh)
        self.normalizers.assign(normalizers)
        # Without a sample that counts there is no Z yet, and nothing that it would change.
        finite = ops.where(ops.isfinite(normalizers), normalizers, 0.0)
        return ops.unstack(finite + math.log(self.num_negatives / self.num_samples), 2)

    def _update(self, anchors, sample_id, labels, sample_weight):
        """Moves the rows of the batch of all replicas, but for samples of weight 0."""
        ids, weight = gather(sample_id), gather(sample_weight)
        counts = True if weight is None else ops.reshape(weight, (-1, 1)) > 0.0
        for bank, anchor in zip(self.banks, anchors, strict=True):
            old = ops.take(bank, ids, axis=0)
            anchor = gather(ops.stop_gradient(anchor))
            new = l2_normalize(self.momentum * old + (1.0 - self.momentum) * anchor)
            assign_rows(bank, ids, ops.where(counts, new, old))
        if labels is not None:
            assign_rows(self.classes, ids, gather(labels))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the loss."""
        return {
            **super().get_config(),
            "num_samples": self.num_samples,
            "embedding_dim": self.embedding_dim,
            "num_negatives": self.num_negatives,
            "temperature": self.temperature,
            "momentum": self.momentum,
            "seed": self.seed,
        }


def _log_sum(positive, negatives, sample_weight):
    """log of the sum of exp over all similarities of the samples that count, a scalar."""
    rows = ops.logsumexp(ops.concatenate([positive[:, None], negatives], axis=1), axis=1)
    if sample_weight is not None:
        counts = ops.reshape(sample_weight, (-1,)) > 0.0
        rows = ops.where(counts, rows, -math.inf)
    return ops.logsumexp(ops.stop_gradient(rows))
